package restapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// authorizerResult is the output of a Lambda authorizer.
type authorizerResult struct {
	principal string
	usageKey  string
	policy    []iampolicy.Statement
	context   map[string]string
}

// parseAuthorizerResult parses the output of an authorizer. Values of the context are strings for the function and the
// access log, whatever they were; an object or a list is not valid.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
func parseAuthorizerResult(payload []byte) (*authorizerResult, error) {
	var output struct {
		PrincipalID        any             `json:"principalId"`
		PolicyDocument     json.RawMessage `json:"policyDocument"`
		Context            map[string]any  `json:"context"`
		UsageIdentifierKey string          `json:"usageIdentifierKey"`
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	if err := decoder.Decode(&output); err != nil {
		return nil, err
	}
	if len(output.PolicyDocument) == 0 || output.PolicyDocument[0] != '{' {
		return nil, errors.New("policyDocument is missing")
	}
	policy, err := iampolicy.Parse(string(output.PolicyDocument))
	if err != nil {
		return nil, err
	}
	for _, s := range policy {
		if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action)+len(s.NotAction) == 0 || len(s.Resource)+len(s.NotResource) == 0 {
			return nil, errors.New("policyDocument: a statement needs an Effect (Allow or Deny), an Action and a Resource")
		}
	}
	result := &authorizerResult{policy: policy, usageKey: output.UsageIdentifierKey, context: map[string]string{}}
	if output.PrincipalID != nil {
		result.principal = fmt.Sprint(output.PrincipalID)
	}
	for name, value := range output.Context {
		switch value.(type) {
		case nil:
		case string, bool, json.Number:
			result.context[name] = fmt.Sprint(value)
		default:
			return nil, fmt.Errorf("context: %s is an object or a list, must be a string, a number or a boolean", name)
		}
	}
	return result, nil
}

// results is the cache of authorizers' results, by API, stage, authorizer and the values of its identity sources.
type results struct {
	now func() time.Time

	mu     sync.Mutex
	cached map[string]cachedResult
}

type cachedResult struct {
	result  *authorizerResult
	expires time.Time
}

func newResults(now func() time.Time) *results {
	return &results{now: now, cached: map[string]cachedResult{}}
}

func (r *results) get(key string) *authorizerResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.cached[key]; ok && r.now().Before(c.expires) {
		return c.result
	}
	return nil
}

// put stores a result, and drops those that have expired.
func (r *results) put(key string, result *authorizerResult, ttl time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for old, c := range r.cached {
		if !now.Before(c.expires) {
			delete(r.cached, old)
		}
	}
	r.cached[key] = cachedResult{result, now.Add(ttl)}
}
