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

// check runs the checks before the integration, in API Gateway's order: authorization, API key, usage plan, stage
// throttling, size, parameters, body.
func (x *exchange) check() *gatewayError {
	if gatewayError := x.authorize(); gatewayError != nil {
		return gatewayError
	}
	if x.operation.authorization.key {
		if gatewayError := x.checkKey(); gatewayError != nil {
			return gatewayError
		}
	}
	if !x.server.limits.allow(x.stageBucket(), x.methodSettings()) {
		return newGatewayError(tooManyRequests, "Too Many Requests")
	}
	if gatewayError := x.readBody(); gatewayError != nil {
		return gatewayError
	}
	return x.validate()
}

// checkKey finds the client's API key and counts the request against its plan.
func (x *exchange) checkKey() *gatewayError {
	keys, err := x.server.config.Store.Keys(x.request.Context(), x.stage.APIID, x.stage.Name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		x.integrationError = err.Error()
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	value := x.request.Header.Get("X-Api-Key")
	if x.document.spec.KeySource == "AUTHORIZER" {
		value = ""
		if x.authorizer != nil {
			value = x.authorizer.usageKey
		}
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Enabled && value != "" && k.Value == value })
	if i < 0 {
		return newGatewayError(invalidAPIKey, "Forbidden")
	}
	x.key = &keys[i]
	plan := x.key.Plan
	bucket := "key " + x.key.PlanID + " " + x.key.ID + " " + x.stage.APIID + "/" + x.stage.Name
	if !x.server.limits.allow(bucket, MethodSettings{Rate: plan.Rate, Burst: plan.Burst}) {
		return newGatewayError(tooManyRequests, "Too Many Requests")
	}
	if own, ok := plan.Methods[x.resource.path+"/"+x.operation.method]; ok && !x.server.limits.allow(bucket+x.methodName(), own) {
		return newGatewayError(tooManyRequests, "Too Many Requests")
	}
	if !x.server.limits.spend("quota "+x.key.PlanID+" "+x.key.ID, plan.Quota, plan.QuotaPeriod) {
		return newGatewayError(quotaExceeded, "Limit Exceeded")
	}
	return nil
}

// methodName is the method's key in a stage's settings, in which the slashes of the path are escaped. Settings with an
// unescaped path have another key and apply to no method.
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

// readBody reads the complete request, once; API Gateway does not stream requests.
func (x *exchange) readBody() *gatewayError {
	if x.bodyRead {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(x.response, x.request.Body, MaxPayload))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return newGatewayError(requestTooLarge, "Request Too Long")
	case err != nil:
		x.integrationError = fmt.Sprintf("read the request: %v", err)
		return newGatewayError(badRequestBody, "Invalid request body")
	}
	x.body, x.bodyRead = body, true
	return nil
}

// mayInvoke checks that an integration or authorizer of this API may invoke a function. With credentials, API Gateway must
// be able to assume that role, and the role's policies must allow it; without, the function's resource policy must.
func (x *exchange) mayInvoke(ctx context.Context, functionARN, credentials, sourceARN string) error {
	if credentials != "" {
		return x.server.config.Store.RoleInvokes(ctx, credentials, functionARN)
	}
	policy, err := x.server.config.Store.FunctionPolicy(ctx, functionARN)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("invalid permissions on Lambda function: %s has no resource policy", functionARN)
	}
	if err != nil {
		return fmt.Errorf("resource policy of %s: %w", functionARN, err)
	}
	return evaluate(policy, invocation{
		function: functionARN,
		source:   sourceARN,
		account:  x.stage.AccountID,
	})
}

// sourceARN is the method's execute-api ARN, with asterisks for parameters.
func (x *exchange) sourceARN() string {
	segments := segmentsOf(x.resource.path)
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "*"
		}
	}
	return x.stage.apiARN() + "/" + x.stage.Name + "/" + x.request.Method + "/" + strings.Join(segments, "/")
}
