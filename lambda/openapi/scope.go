package openapi

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// scopePattern is scope-token of RFC 6749, 3.3.
var scopePattern = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)

// parseScopes parses x-scopes of an operation that requires authentication, or does not.
func parseScopes(value any, keyed bool) ([]string, error) {
	if value == nil {
		return nil, nil
	}
	var scopes []string
	if err := decodeStrictly(value, &scopes); err != nil || len(scopes) == 0 {
		return nil, errors.New("must be a list of scopes, such as [items:read]")
	}
	for i, scope := range scopes {
		if !scopePattern.MatchString(scope) || slices.Contains(scopes[:i], scope) {
			return nil, fmt.Errorf("[%d] is %q; must be a scope of RFC 6749, without spaces, once in the list", i, scope)
		}
	}
	if !keyed {
		return nil, errors.New("the operation has no security, so no token is required")
	}
	return scopes, nil
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// InvokePath is the operation in the ARNs of execute-api, after the stage: "GET/items/*" for "GET /items/{id}". The
// wildcard also matches slashes, as in all policies.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (o Operation) InvokePath() string {
	return o.Method + "/" + strings.TrimPrefix(pathParameter.ReplaceAllString(o.Path, "*"), "/")
}
