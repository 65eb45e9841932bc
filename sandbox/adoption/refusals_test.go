package adoption

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/oidc"
)

// refusal is a request to read an order that the API must not fulfil.
type refusal struct {
	name   string
	claims oidc.Claims // that differ from an accepted token's
	defect oidc.Defect
	// headers are those of the request, by the token; nil: Bearer and the token.
	headers func(token string) []string
	// reason is what the authorizer's log has; empty: API Gateway does not invoke it, or it accepts the token.
	reason string
	status int
}

// Challenges of RFC 6750, 3.
var challenges = map[int]string{http.StatusUnauthorized: "Bearer", http.StatusForbidden: `Bearer error="insufficient_scope"`}

func refusals(now time.Time) []refusal {
	instead := func(headers ...string) func(string) []string { return func(string) []string { return headers } }
	at := func(after time.Duration) int64 { return now.Add(after).Unix() }
	twice := func(token string) []string { return []string{"Bearer " + token, "Bearer " + token} }
	basic := func(token string) []string { return []string{"Basic " + token} }
	cut := func(token string) []string { return []string{"Bearer " + token[:len(token)/2]} }
	const unauthorized, forbidden = http.StatusUnauthorized, http.StatusForbidden
	return []refusal{
		{name: "no token is not accepted", headers: instead(), status: unauthorized},
		{name: "text that is no token is not accepted", headers: instead("Bearer of-nothing"), reason: "malformed", status: unauthorized},
		{name: "a part of a token is not accepted", headers: cut, reason: "malformed", status: unauthorized},
		{name: "a token of another scheme is not accepted", headers: basic, reason: "malformed", status: unauthorized},
		{name: "two Authorization headers are not accepted", headers: twice, reason: "malformed", status: unauthorized},
		{name: "a token for another audience is not accepted", claims: oidc.Claims{"aud": "https://parcels." + domain}, reason: "wrong-audience", status: unauthorized},
		{name: "a token without an audience is not accepted", claims: oidc.Claims{"aud": []string{}}, reason: "wrong-audience", status: unauthorized},
		{name: "a token of another issuer is not accepted", claims: oidc.Claims{"iss": issuer + "/"}, reason: "wrong-issuer", status: unauthorized},
		{name: "an expired token is not accepted", claims: oidc.Claims{"exp": at(-time.Minute)}, reason: "expired", status: unauthorized},
		{name: "a token that never expires is not accepted", claims: oidc.Claims{"exp": nil}, reason: "no-expiry", status: unauthorized},
		{name: "a token that is not yet valid is not accepted", claims: oidc.Claims{"nbf": at(time.Hour)}, reason: "not-yet-valid", status: unauthorized},
		{name: "a token from the future is not accepted", claims: oidc.Claims{"iat": at(time.Hour)}, reason: "issued-in-the-future", status: unauthorized},
		{name: "a token without a subject is not accepted", claims: oidc.Claims{"sub": nil}, reason: "no-subject", status: unauthorized},
		{name: "a token without a signature (alg none) is not accepted", defect: oidc.Unsigned, reason: "wrong-algorithm", status: unauthorized},
		{name: "a token signed with the public key as secret (HS256) is not accepted", defect: oidc.SharedSecret, reason: "wrong-algorithm", status: unauthorized},
		{name: "a token of another key with the ID of the issuer's is not accepted", defect: oidc.OtherKey, reason: "bad-signature", status: unauthorized},
		{name: "a token of an unknown key is not accepted", defect: oidc.UnknownKey, reason: "unknown-key", status: unauthorized},
		{name: "a token with another scope is forbidden", claims: oidc.Claims{"scope": "orders:write"}, status: forbidden},
		{name: "a token without a scope is forbidden", claims: oidc.Claims{"scope": ""}, status: forbidden},
	}
}

// check sends the request and compares the response, and the authorizer's reason: another one would have hidden that
// what the test is about is accepted.
func (r refusal) check(t *testing.T, d deployed) {
	token, err := d.token(t.Context(), r.claims, r.defect)
	if err != nil {
		t.Fatal(err)
	}
	headers := []string{"Bearer " + token}
	if r.headers != nil {
		headers = r.headers(token)
	}
	got, err := d.send(t.Context(), http.MethodGet, order, "", headers...)
	if err != nil {
		t.Fatal(err)
	}
	var problem struct {
		Status  int
		Request string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(got.body), &problem); err != nil {
		t.Errorf("the body is no JSON: %v", err)
	}
	if got.status != r.status || got.mediaType != "application/problem+json" || got.challenge != challenges[r.status] || problem.Status != r.status {
		t.Fatalf("%+v, want %d with the challenge %s", got, r.status, challenges[r.status])
	}
	if r.reason != "" {
		logLine(t, d.functionLogs(), map[string]any{"request_id": problem.Request, "reason": r.reason})
	}
}
