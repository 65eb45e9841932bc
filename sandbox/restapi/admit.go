package restapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// admit runs the checks before the integration, in the platform's order: API
// key, usage plan, stage throttling, size, parameters, body.
func (x *exchange) admit() *refusal {
	if x.operation.keyRequired {
		if refusal := x.identify(); refusal != nil {
			return refusal
		}
	}
	if !x.server.limits.allow(x.stageBucket(), x.methodSettings()) {
		return newRefusal(tooManyRequests, "Too Many Requests")
	}
	if refusal := x.readBody(); refusal != nil {
		return refusal
	}
	return x.validate()
}

// identify finds the caller's API key and counts the request against its plan.
func (x *exchange) identify() *refusal {
	if source := x.document.spec.KeySource; source != "" && source != "HEADER" {
		x.integrationError = fmt.Sprintf("API key source %s is not supported here", source)
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	keys, err := x.server.config.Store.Keys(x.request.Context(), x.stage.APIID, x.stage.Name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		x.integrationError = err.Error()
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	value := x.request.Header.Get("X-Api-Key")
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Enabled && value != "" && k.Value == value })
	if i < 0 {
		return newRefusal(invalidAPIKey, "Forbidden")
	}
	x.key = &keys[i]
	plan := x.key.Plan
	bucket := "key " + x.key.PlanID + " " + x.key.ID + " " + x.stage.APIID + "/" + x.stage.Name
	if !x.server.limits.allow(bucket, MethodSettings{plan.Rate, plan.Burst}) {
		return newRefusal(tooManyRequests, "Too Many Requests")
	}
	if own, ok := plan.Methods[x.resource.path+"/"+x.operation.method]; ok && !x.server.limits.allow(bucket+x.methodName(), own) {
		return newRefusal(tooManyRequests, "Too Many Requests")
	}
	if !x.server.limits.spend("quota "+x.key.PlanID+" "+x.key.ID, plan.Quota, plan.QuotaPeriod) {
		return newRefusal(quotaExceeded, "Limit Exceeded")
	}
	return nil
}

// methodName is the method's key within a stage's settings, where the slashes of its path are escaped.
// Settings that were made without stand under another key, and are nobody's.
func (x *exchange) methodName() string {
	return strings.ReplaceAll(x.resource.path, "/", "~1") + "/" + x.operation.method
}

func (x *exchange) stageBucket() string {
	return "stage " + x.stage.APIID + "/" + x.stage.Name + " " + x.methodName()
}

func (x *exchange) methodSettings() MethodSettings {
	if own, ok := x.stage.Methods[x.methodName()]; ok {
		return own
	}
	return x.stage.Methods["*/*"]
}

// readBody takes the whole request in; the platform has no streamed requests.
func (x *exchange) readBody() *refusal {
	body, err := io.ReadAll(http.MaxBytesReader(x.answer, x.request.Body, MaxPayload))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return newRefusal(requestTooLarge, "Request Too Long")
	case err != nil:
		x.integrationError = fmt.Sprintf("read the request: %v", err)
		return newRefusal(badRequestBody, "Invalid request body")
	}
	x.body = body
	return nil
}

// permitted says whether the function's resource policy lets this method of
// this API invoke it.
func (x *exchange) permitted(ctx context.Context, functionARN string) error {
	policy, err := x.server.config.Store.FunctionPolicy(ctx, functionARN)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("invalid permissions on Lambda function: %s has no resource policy", functionARN)
	}
	if err != nil {
		return fmt.Errorf("resource policy of %s: %w", functionARN, err)
	}
	return evaluate(policy, invocation{
		function: functionARN,
		source:   x.sourceARN(),
		account:  x.stage.AccountID,
	})
}

// sourceARN is the execute-api ARN of the method, parameters as asterisks.
func (x *exchange) sourceARN() string {
	segments := segmentsOf(x.resource.path)
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "*"
		}
	}
	return "arn:aws:execute-api:" + x.stage.Region + ":" + x.stage.AccountID + ":" + x.stage.APIID + "/" +
		x.stage.Name + "/" + x.request.Method + "/" + strings.Join(segments, "/")
}
