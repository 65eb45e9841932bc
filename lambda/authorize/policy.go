package authorize

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// Result is what API Gateway takes of a Lambda authorizer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
type Result struct {
	PrincipalID string `json:"principalId"`
	Policy      Policy `json:"policyDocument"`
}

// Policy is an IAM policy.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement allows or denies calls of operations.
type Statement struct {
	Action   string
	Effect   string
	Resource []string
}

// Operations are the scopes that each operation needs, by its part of an execute-api ARN, such as "GET/items/*".
type Operations map[string][]string

// result allows a caller every operation that its scopes are enough for, and not only the one that it asks for: API
// Gateway applies a cached result to every request with the same token. An operation that the policy does not name is
// denied. A policy needs a statement, so a caller without a scope gets one that denies everything.
func (o Operations) result(issuer string, caller Caller, stageARN string) Result {
	var allowed []string
	for operation, needed := range o {
		if len(needed) > 0 && !slices.ContainsFunc(needed, func(scope string) bool { return !slices.Contains(caller.Scopes, scope) }) {
			allowed = append(allowed, stageARN+"/"+operation)
		}
	}
	slices.Sort(allowed)
	statement := Statement{Action: "execute-api:Invoke", Effect: "Allow", Resource: allowed}
	if len(allowed) == 0 {
		statement.Effect, statement.Resource = "Deny", []string{stageARN + "/*"}
	}
	return Result{PrincipalID: principal(issuer, caller.Subject), Policy: Policy{"2012-10-17", []Statement{statement}}}
}

// principal is the caller in logs: a hash of issuer and subject. Some issuers have mail addresses or names as
// subjects, which logs should not have; the same subject always has the same id, which an operator can compute.
func principal(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + " " + subject))
	return hex.EncodeToString(sum[:16])
}

// stageOf is the ARN of the stage in that of a method: arn:aws:execute-api:region:account:api/stage/METHOD/path.
func stageOf(methodARN string) (string, error) {
	parts := strings.SplitN(methodARN, "/", 3)
	if len(parts) < 3 || !strings.HasPrefix(methodARN, "arn:") || !strings.Contains(parts[0], ":execute-api:") || parts[1] == "" {
		return "", errors.New("methodArn of the event is not that of a method")
	}
	return parts[0] + "/" + parts[1], nil
}
