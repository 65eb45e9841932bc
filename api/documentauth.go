package api

import (
	"encoding/json"
	"maps"

	"github.com/didomi/serverless-api/lambda/openapi"
)

// The names of the security schemes in the document for API Gateway.
const (
	keyScheme       = "apiKey"
	tokenScheme     = "token"
	signatureScheme = "signature"
)

// withSecurity has every operation with `security` require what the stack does: an API key, a token or a signature,
// and both where it requires both. Each is a requirement of its own, as AWS SAM writes them: API Gateway has no
// alternatives, a method has one authorizer and requires a key or not.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html
func withSecurity(root map[string]any, uris integrationURIs, c documentOptions) {
	schemes := ensured(ensured(root, "components"), "securitySchemes")
	var required []any
	require := func(name string) { required = append(required, map[string]any{name: []any{}}) }
	switch c.auth {
	case openapi.AuthJWT:
		require(tokenScheme)
		schemes[tokenScheme] = tokenAuthorizer(uris.authorizer, c.resultSeconds)
		bearerResponses(root)
	case openapi.AuthIAM:
		require(signatureScheme)
		schemes[signatureScheme] = map[string]any{
			"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4",
		}
		signatureResponses(root)
	}
	if c.requireKey {
		require(keyScheme)
	} else {
		delete(schemes, keyScheme)
	}
	if len(schemes) == 0 {
		delete(members(root, "components"), "securitySchemes")
	}
	for _, path := range members(root, "paths") {
		operations, _ := path.(map[string]any)
		for _, operation := range operations {
			o, _ := operation.(map[string]any)
			if _, closed := o["security"]; !closed {
				continue
			}
			if o["security"] = required; len(required) == 0 {
				delete(o, "security")
			}
		}
	}
}

// ensured is the object of that name in another one, which gets an empty one where it has none.
func ensured(object map[string]any, name string) map[string]any {
	inner := members(object, name)
	if inner == nil {
		inner = map[string]any{}
		object[name] = inner
	}
	return inner
}

// tokenAuthorizer is the scheme of the Lambda authorizer. Of type request, since a token authorizer's event has
// neither the request's id for the log nor a second Authorization header. Without the header API Gateway returns 401
// and invokes nothing. It caches a result by the header's value, for all methods of the stage.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html
func tokenAuthorizer(uri string, resultSeconds int) map[string]any {
	return map[string]any{
		"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
		"x-amazon-apigateway-authorizer": map[string]any{
			"type": "request", "authorizerUri": uri, "identitySource": "method.request.header.Authorization",
			"authorizerResultTtlInSeconds": resultSeconds,
		},
	}
}

// bearerResponses add challenges of RFC 6750, 3. A missing token and one that is not valid are one response of API
// Gateway, so the challenge is that for the first, without an error code.
func bearerResponses(root map[string]any) {
	gatewayResponse(root, "UNAUTHORIZED", "401", "Unauthorized", "the request has no valid token", "Bearer")
	gatewayResponse(root, "ACCESS_DENIED", "403", "Forbidden", "the scopes of the token do not allow this operation", `Bearer error="insufficient_scope"`)
}

// signatureResponses tell a request without a signature from one whose signer may not call the operation. API Gateway
// has one response for the first and for a path without a method, of which the document has none.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
func signatureResponses(root map[string]any) {
	const scheme = "AWS4-HMAC-SHA256"
	gatewayResponse(root, "MISSING_AUTHENTICATION_TOKEN", "401", "Unauthorized", "the request is not signed", scheme)
	gatewayResponse(root, "INVALID_SIGNATURE", "401", "Unauthorized", "the signature is not valid", scheme)
	gatewayResponse(root, "EXPIRED_TOKEN", "401", "Unauthorized", "the credentials of the signature have expired", scheme)
	gatewayResponse(root, "ACCESS_DENIED", "403", "Forbidden", "the caller's policies do not allow this operation", scheme)
}

// gatewayResponse replaces one of API Gateway's responses, with the headers that all of them have, the media type of its
// body, which the document may not set, and a challenge.
func gatewayResponse(root map[string]any, name, status, title, detail, challenge string) {
	responses := ensured(root, "x-amazon-apigateway-gateway-responses")
	headers := map[string]any{}
	maps.Copy(headers, members(members(responses, "DEFAULT_4XX"), "responseParameters"))
	headers["gatewayresponse.header.Content-Type"] = "'application/problem+json'"
	headers["gatewayresponse.header.WWW-Authenticate"] = "'" + challenge + "'"
	template, _ := json.Marshal(problem{title, json.Number(status), detail, "$context.requestId"}) // strings never fail
	responses[name] = map[string]any{
		"statusCode": status, "responseParameters": headers, "responseTemplates": map[string]any{"application/json": string(template)},
	}
}

// problem is the body of a gateway response, with the members that the document's own have.
type problem struct {
	Title     string      `json:"title"`
	Status    json.Number `json:"status"`
	Detail    string      `json:"detail"`
	RequestID string      `json:"request_id"`
}
