// Package authorize checks the token of a request for API Gateway and returns what it may call: a Lambda authorizer of
// type REQUEST. A request is denied unless everything about its token holds.
//
// refusal.go names the reasons, token.go checks a token, keys.go fetches and keeps the issuer's keys, policy.go makes
// the result, handler.go is the function.
package authorize
