package restapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// Authorizer is x-amazon-apigateway-authorizer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
type Authorizer struct {
	Type           string `json:"type"`
	URI            string `json:"authorizerUri"`
	Credentials    string `json:"authorizerCredentials"`
	IdentitySource string `json:"identitySource"`
	Validation     string `json:"identityValidationExpression"`
	TTL            *int   `json:"authorizerResultTtlInSeconds"`
}

// Limits of authorizers.
// https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html
const (
	// DefaultAuthorizerTTL is the TTL of an authorizer without one, in seconds.
	DefaultAuthorizerTTL = 300
	// MaxAuthorizerTTL is the longest TTL in seconds.
	MaxAuthorizerTTL = 3600
)

// Seconds is how long results are cached; zero: not at all.
func (a Authorizer) Seconds() int {
	if a.TTL == nil {
		return DefaultAuthorizerTTL
	}
	return *a.TTL
}

// AuthorizerID is derived from the scheme's name: six letters and digits, equal in the control and the data plane.
func AuthorizerID(apiID, name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(apiID + " " + name)) // never fails
	s := strconv.FormatUint(h.Sum64(), 36)
	return s[len(s)-6:]
}

// authorizer is a compiled Authorizer.
type authorizer struct {
	Authorizer
	name       string
	sources    []string
	validation *regexp.Regexp
}

// compileAuthorizers compiles the authorizers of the document's security schemes.
func (d *document) compileAuthorizers() error {
	d.authorizers = map[string]*authorizer{}
	for name, scheme := range d.spec.Components.SecuritySchemes {
		if scheme.Authorizer == nil {
			continue
		}
		a := &authorizer{Authorizer: *scheme.Authorizer, name: name}
		for source := range strings.SplitSeq(scheme.Source(), ",") {
			if source = strings.TrimSpace(source); source != "" {
				a.sources = append(a.sources, source)
			}
		}
		if a.Validation != "" {
			var err error
			if a.validation, err = regexp.Compile("^(?:" + a.Validation + ")$"); err != nil {
				return fmt.Errorf("authorizer %s: identityValidationExpression: %w", name, err)
			}
		}
		d.authorizers[name] = a
	}
	return nil
}

// authorizeToken runs the Lambda authorizer, or takes its cached result. A request that the resource policy denies is not
// passed to the authorizer; otherwise either may allow the request.
func (x *exchange) authorizeToken(policy []iampolicy.Statement) *gatewayError {
	on := x.invoked()
	if iampolicy.DecideFor(policy, "", invokeAction, on) == iampolicy.ExplicitDeny {
		return x.denied("anonymous", "with an explicit deny in a resource-based policy")
	}
	a := x.operation.authorization.authorizer
	values, gatewayError := x.identityValues(a)
	if gatewayError != nil {
		return gatewayError
	}
	result, gatewayError := x.authorizerResult(a, values)
	if gatewayError != nil {
		return gatewayError
	}
	x.authorizer = result
	const refused = "User is not authorized to access this resource"
	switch (iampolicy.Set{Identity: result.policy}).Decide(invokeAction, on) {
	case iampolicy.ExplicitDeny:
		return newGatewayError(accessDenied, refused+" with an explicit deny in an identity-based policy")
	case iampolicy.ImplicitDeny:
		if iampolicy.DecideFor(policy, "", invokeAction, on) != iampolicy.Allow {
			return newGatewayError(accessDenied, refused)
		}
	}
	return nil
}

// identityValues returns the values of the identity sources. A token is required and must match the expression. The
// sources of a request authorizer are required if results are cached by them; else the function decides.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html
func (x *exchange) identityValues(a *authorizer) ([]string, *gatewayError) {
	required := strings.EqualFold(a.Type, "token") || a.Seconds() > 0
	values := make([]string, len(a.sources))
	for i, source := range a.sources {
		values[i] = x.mapped(source)
		if values[i] == "" && required {
			return nil, newGatewayError(unauthorized, "Unauthorized")
		}
	}
	if a.validation != nil && strings.EqualFold(a.Type, "token") && !a.validation.MatchString(values[0]) {
		return nil, newGatewayError(unauthorized, "Unauthorized")
	}
	return values, nil
}

// authorizerResult is the cached result, or the function's.
func (x *exchange) authorizerResult(a *authorizer, values []string) (*authorizerResult, *gatewayError) {
	key, err := json.Marshal(append([]string{x.stage.APIID, x.stage.Name, strconv.Itoa(x.stage.AuthorizerFlushes), a.name, a.URI}, values...))
	if err != nil {
		return nil, newGatewayError(authorizerConfigurationError, "Internal server error") // unreachable: strings marshal
	}
	if result := x.server.results.get(string(key)); result != nil && a.Seconds() > 0 {
		return result, nil
	}
	result, gatewayError := x.invokeAuthorizer(a, values)
	if gatewayError == nil && a.Seconds() > 0 {
		x.server.results.put(string(key), result, time.Duration(a.Seconds())*time.Second)
	}
	return result, gatewayError
}

// invokeAuthorizer invokes the function and parses its output.
func (x *exchange) invokeAuthorizer(a *authorizer, values []string) (*authorizerResult, *gatewayError) {
	fails := func(k kind, status int, err error) (*authorizerResult, *gatewayError) {
		x.authorizerError, x.authorizerStatus = err.Error(), status
		failure := newGatewayError(k, "Internal server error")
		failure.null = k == authorizerFailure
		return nil, failure
	}
	functionARN, err := x.functionOf(a.URI, false)
	if err == nil {
		err = x.mayInvoke(context.WithoutCancel(x.request.Context()), functionARN, a.Credentials, x.authorizerARN(a))
	}
	if err != nil {
		return fails(authorizerConfigurationError, 500, err)
	}
	payload, err := x.authorizerEvent(a, values)
	if err != nil {
		return fails(authorizerConfigurationError, 500, err)
	}
	ctx, cancel := context.WithTimeout(x.request.Context(), x.authorizerTimeout(functionARN))
	defer cancel()
	start := time.Now()
	response, err := x.server.config.Invoker.Invoke(ctx, lambdahost.Request{Function: functionARN, Payload: payload, TraceID: x.functionTrace()})
	x.authorizerLatency = time.Since(start)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fails(authorizerFailure, 504, err)
	case err != nil:
		return fails(authorizerConfigurationError, 500, err)
	}
	x.authorizerRequestID, x.authorizerStatus = response.RequestID, 200
	if response.FunctionError != "" {
		if unauthorizedError(response.Payload) {
			return nil, newGatewayError(unauthorized, "Unauthorized")
		}
		return fails(authorizerFailure, 500, fmt.Errorf("the authorizer failed: %s", response.Payload))
	}
	result, err := parseAuthorizerResult(response.Payload)
	if err != nil {
		return fails(authorizerConfigurationError, 500, fmt.Errorf("the authorizer's output: %w", err))
	}
	return result, nil
}

func (x *exchange) authorizerTimeout(functionARN string) time.Duration {
	if x.untimed(functionARN) {
		return untimed
	}
	return DefaultTimeout
}

// authorizerARN is the source of the invocation, for the function's resource policy.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (x *exchange) authorizerARN(a *authorizer) string {
	return x.stage.apiARN() + "/authorizers/" + AuthorizerID(x.stage.APIID, a.name)
}

// unauthorizedError reports whether a function has failed with the error for which API Gateway responds with 401.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-lambda-function-create.html
func unauthorizedError(payload []byte) bool {
	var failure struct{ ErrorMessage string }
	return json.Unmarshal(payload, &failure) == nil && failure.ErrorMessage == "Unauthorized"
}
