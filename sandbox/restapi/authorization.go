package restapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// The authorization types of a method, as in the control plane.
const (
	AuthorizationNone   = "NONE"
	AuthorizationIAM    = "AWS_IAM"
	AuthorizationCustom = "CUSTOM"
)

// invokeAction is the action of a request to an API.
const invokeAction = "execute-api:Invoke"

// authorization is what a method requires of its caller.
type authorization struct {
	kind       string
	authorizer *authorizer // of the kind CUSTOM
	key        bool
}

// Authorization is what a method requires of its caller, as GetMethod returns it.
type Authorization struct {
	Type   string
	Scheme string // with the authorizer, of the type CUSTOM
	Key    bool
}

// AuthorizationOf reads the requirements of an operation. Each scheme counts, wherever it stands: a method has one
// authorizer, and requires an API key or not. Schemes without an extension of API Gateway have no effect.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
func AuthorizationOf(schemes map[string]SecurityScheme, requirements []map[string][]string) Authorization {
	found := Authorization{Type: AuthorizationNone}
	for _, requirement := range requirements {
		for _, name := range slices.Sorted(maps.Keys(requirement)) {
			scheme := schemes[name]
			switch {
			case scheme.Authorizer != nil:
				if found.Type == AuthorizationNone {
					found.Type, found.Scheme = AuthorizationCustom, name
				}
			case strings.EqualFold(scheme.AuthType, "awsSigv4"):
				if found.Type == AuthorizationNone {
					found.Type = AuthorizationIAM
				}
			case scheme.Type == "apiKey" && scheme.In == "header" && strings.EqualFold(scheme.Name, "x-api-key"):
				found.Key = true
			}
		}
	}
	return found
}

func (d *document) authorizationOf(requirements []map[string][]string) authorization {
	found := AuthorizationOf(d.spec.Components.SecuritySchemes, requirements)
	return authorization{kind: found.Type, authorizer: d.authorizers[found.Scheme], key: found.Key}
}

// authorize checks the caller: the API's resource policy together with the authorizer's or the caller's policies.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
func (x *exchange) authorize() *gatewayError {
	start := time.Now()
	defer func() { x.authorizeLatency = time.Since(start) }()
	policy, err := x.resourcePolicy()
	if err != nil {
		x.integrationError = err.Error()
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	switch x.operation.authorization.kind {
	case AuthorizationIAM:
		return x.authorizeCaller(policy)
	case AuthorizationCustom:
		return x.authorizeToken(policy)
	}
	if len(policy) == 0 {
		return nil
	}
	switch iampolicy.DecideFor(policy, "", invokeAction, x.invoked()) {
	case iampolicy.Allow:
		return nil
	case iampolicy.ExplicitDeny:
		return x.denied("anonymous", "with an explicit deny in a resource-based policy")
	}
	return x.denied("anonymous", "because no resource-based policy allows the "+invokeAction+" action")
}

// denied is the response for a caller without permission. The account's ID is masked.
// https://repost.aws/knowledge-center/api-gateway-iam-sigv4-mismatch
func (x *exchange) denied(caller, reason string) *gatewayError {
	account := x.stage.AccountID
	masked := strings.Replace(x.methodARN(), ":"+account+":", ":********"+account[max(0, len(account)-4):]+":", 1)
	return newGatewayError(accessDenied, fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", caller, invokeAction, masked, reason))
}

// resourcePolicy parses the API's resource policy, in which execute-api:/ stands for this API.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
func (x *exchange) resourcePolicy() ([]iampolicy.Statement, error) {
	raw := x.stage.Policy
	if raw == "" && len(x.document.spec.Policy) > 0 {
		raw = string(x.document.spec.Policy)
	}
	if raw == "" {
		return nil, nil
	}
	if !json.Valid([]byte(raw)) {
		return nil, errors.New("the API's resource policy is not JSON")
	}
	policy, err := iampolicy.Parse(strings.ReplaceAll(raw, `"execute-api:/`, `"`+x.stage.apiARN()+"/"))
	if err != nil {
		return nil, fmt.Errorf("the API's resource policy: %w", err)
	}
	return policy, nil
}

// methodARN is the ARN of the request, with the path that was sent.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (x *exchange) methodARN() string {
	return x.stage.apiARN() + "/" + x.stage.Name + "/" + x.request.Method + "/" + strings.TrimPrefix(x.stagePath, "/")
}

// invoked is the request as the resource of policies, with the condition keys of execute-api:Invoke.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-aws-condition-keys.html
func (x *exchange) invoked() iampolicy.Resource {
	keys := map[string][]string{"aws:sourceip": {x.sourceIP}, "aws:securetransport": {"true"}}
	for key, header := range map[string]string{"aws:useragent": "User-Agent", "aws:referer": "Referer"} {
		if value := x.request.Header.Get(header); value != "" {
			keys[key] = []string{value}
		}
	}
	return iampolicy.Resource{ARN: x.methodARN(), Keys: keys}
}
