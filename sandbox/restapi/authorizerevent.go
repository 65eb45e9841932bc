package restapi

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// tokenEvent is the input of a TOKEN authorizer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
type tokenEvent struct {
	Type      string `json:"type"`
	MethodARN string `json:"methodArn"`
	Token     string `json:"authorizationToken"`
}

// authorizerRequest is the input of a REQUEST authorizer: the proxy event without a body.
type authorizerRequest struct {
	Type      string `json:"type"`
	MethodARN string `json:"methodArn"`
	proxyEvent
	Body   *string `json:"body,omitempty"`
	Base64 *bool   `json:"isBase64Encoded,omitempty"`
}

func (x *exchange) authorizerEvent(a *authorizer, values []string) ([]byte, error) {
	var event any
	switch strings.ToLower(a.Type) {
	case "token":
		event = tokenEvent{"TOKEN", x.methodARN(), values[0]}
	case "request":
		event = authorizerRequest{Type: "REQUEST", MethodARN: x.methodARN(), proxyEvent: x.requestEvent(x.eventHeaders(), parseQuery(x.request.URL.RawQuery))}
	default:
		return nil, fmt.Errorf("authorizer type %q is not supported here", a.Type)
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("authorizer event: %w", err)
	}
	return payload, nil
}

// authorizerContext is requestContext.authorizer of the function's event, nil without a Lambda authorizer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
func (x *exchange) authorizerContext() map[string]any {
	if x.authorizer == nil {
		return nil
	}
	all := map[string]any{"integrationLatency": x.authorizerLatency.Milliseconds()}
	for name, value := range x.authorizer.context {
		all[name] = value
	}
	if x.authorizer.principal != "" {
		all["principalId"] = x.authorizer.principal
	}
	return all
}

// authorizationVariable has $context.authorizer, $context.authorize and $context.authenticate.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
func (x *exchange) authorizationVariable(name string) string {
	switch name {
	case "authorize.latency":
		return strconv.FormatInt(x.authorizeLatency.Milliseconds(), 10)
	case "authorizer.error":
		return x.authorizerError
	case "authorizer.integrationLatency", "authorizer.latency":
		return strconv.FormatInt(x.authorizerLatency.Milliseconds(), 10)
	case "authorizer.integrationStatus", "authorizer.status":
		return number(x.authorizerStatus)
	case "authorizer.requestId":
		return x.authorizerRequestID
	case "authenticate.latency":
		return strconv.FormatInt(x.authenticateLatency.Milliseconds(), 10)
	}
	property, ok := strings.CutPrefix(name, "authorizer.")
	if !ok || x.authorizer == nil {
		return ""
	}
	if property == "principalId" {
		return x.authorizer.principal
	}
	return x.authorizer.context[property]
}
