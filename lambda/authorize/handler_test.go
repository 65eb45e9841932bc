package authorize

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// refused requires that the function returns the error that API Gateway answers with 401, that the log has the reason,
// and that it has no part of the token.
func refused(t *testing.T, i *issuer, reason Reason, headers ...string) {
	t.Helper()
	i.log.Reset()
	got, err := i.handler().Handle(t.Context(), request(headers...))
	if err == nil || err.Error() != "Unauthorized" || !reflect.DeepEqual(got, Result{}) {
		t.Errorf("got %+v, %v, want the error Unauthorized", got, err)
	}
	var line struct {
		Level, Reason string
		RequestID     string `json:"request_id"`
	}
	if err := json.Unmarshal(i.log.Bytes(), &line); err != nil || line.Reason != string(reason) || line.RequestID != "request-1" || line.Level != "WARN" {
		t.Errorf("the log is %s, want the reason %s", i.log.String(), reason)
	}
	for _, header := range headers {
		for _, part := range strings.FieldsFunc(header, func(r rune) bool { return r == '.' || r == ' ' }) {
			if len(part) > 8 && strings.Contains(i.log.String(), part) {
				t.Errorf("the log has a part of the token: %s", i.log.String())
			}
		}
	}
}

func TestATokenThatDoesNotHoldIsRefused(t *testing.T) {
	i := newIssuer(t)
	at := func(d time.Duration) int64 { return i.now.Add(d).Unix() }
	for _, tt := range []struct {
		name   string
		claims map[string]any
		reason Reason
	}{
		{"of another issuer", map[string]any{"iss": "https://other.example/"}, WrongIssuer},
		{"of the issuer without its slash", map[string]any{"iss": strings.TrimSuffix(i.id(), "/")}, WrongIssuer},
		{"without an issuer", map[string]any{"iss": nil}, WrongIssuer},
		{"for another audience", map[string]any{"aud": "https://other.example"}, WrongAudience},
		{"for several other audiences", map[string]any{"aud": []string{"https://other.example", audience + "/"}}, WrongAudience},
		{"without an audience", map[string]any{"aud": nil}, WrongAudience},
		{"that expired longer ago than the clock skew", map[string]any{"exp": at(-31 * time.Second)}, Expired},
		{"that never expires", map[string]any{"exp": nil}, NoExpiry},
		{"that is not yet valid, beyond the clock skew", map[string]any{"nbf": at(31 * time.Second)}, NotYetValid},
		{"that is issued in the future, beyond the clock skew", map[string]any{"iat": at(31 * time.Second)}, FromTheFuture},
		{"without a subject", map[string]any{"sub": nil}, NoSubject},
		{"with an expiry that is no number", map[string]any{"exp": "tomorrow"}, Malformed},
		{"with a scope that is no text", map[string]any{"scope": 7}, Malformed},
		{"with a scp that is no list of texts", map[string]any{"scp": []any{"items:read", 7}}, Malformed},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, i, tt.reason, "Bearer "+i.token(t, tt.claims)) })
	}
}

func TestASignatureThatDoesNotHoldIsRefused(t *testing.T) {
	i := newIssuer(t)
	valid := i.claimsWith(nil)
	public, err := x509.MarshalPKIXPublicKey(i.keys["first"].Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	payload, err := json.Marshal(valid)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	parts := strings.Split(i.token(t, nil), ".")
	other := strings.Split(i.token(t, map[string]any{"scope": "items:write"}), ".")
	for _, tt := range []struct {
		name, token string
		reason      Reason
	}{
		{"of a key that the issuer does not have", sign(t, jose.RS256, "second", newKey(t), valid), UnknownKey},
		{"of another key under the id of the issuer's", sign(t, jose.RS256, "first", newKey(t), valid), BadSignature},
		{"alg none", encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(payload) + ".", WrongAlg},
		{"alg none with a key id", encode([]byte(`{"alg":"none","kid":"first"}`)) + "." + encode(payload) + ".", WrongAlg},
		{"HS256 with the public key as secret", sign(t, jose.HS256, "first", publicPEM, valid), WrongAlg},
		{"HS256 with the public key's bytes as secret", sign(t, jose.HS256, "first", public, valid), WrongAlg},
		{"another algorithm of the same key", sign(t, jose.PS256, "first", i.keys["first"], valid), WrongAlg},
		{"claims of another token", parts[0] + "." + other[1] + "." + parts[2], BadSignature},
		{"cut", i.token(t, nil)[:len(i.token(t, nil))-4], BadSignature},
		{"removed", parts[0] + "." + parts[1] + ".", BadSignature},
		{"no key id", sign(t, jose.RS256, "", i.keys["first"], valid), Malformed},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, i, tt.reason, "Bearer "+tt.token) })
	}
}

func TestARequestWithoutOneTokenIsRefused(t *testing.T) {
	i := newIssuer(t)
	token := i.token(t, nil)
	for _, tt := range []struct {
		name    string
		headers []string
	}{
		{"no Authorization header", nil},
		{"two Authorization headers", []string{"Bearer " + token, "Bearer " + token}},
		{"an empty header", []string{""}},
		{"another scheme", []string{"Basic dXNlcjpwYXNzd29yZA=="}},
		{"the token alone", []string{token}},
		{"the scheme alone", []string{"Bearer "}},
		{"text that is no token", []string{"Bearer letmein"}},
		{"two tokens in one header", []string{"Bearer " + token + ", Bearer " + token}},
		{"an encrypted token's five parts", []string{"Bearer " + token + ".e30.e30"}},
		{"a token over the limit of headers", []string{"Bearer " + i.token(t, map[string]any{"more": strings.Repeat("x", 10_000)})}},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, i, Malformed, tt.headers...) })
	}
	if i.requests != 0 {
		t.Errorf("the issuer was asked %d times", i.requests)
	}
}

func TestAValidTokenAllowsTheOperationsOfItsScopes(t *testing.T) {
	i := newIssuer(t)
	allow := func(operations ...string) Statement {
		for k := range operations {
			operations[k] = stageARN + "/" + operations[k]
		}
		return Statement{"execute-api:Invoke", "Allow", operations}
	}
	at := func(d time.Duration) int64 { return i.now.Add(d).Unix() }
	for _, tt := range []struct {
		name   string
		claims map[string]any
		want   Statement
	}{
		{"a scope in a text of several", nil, allow("GET/items", "GET/items/*")},
		{"two scopes", map[string]any{"scope": "items:write items:read"}, allow("GET/items", "GET/items/*", "PUT/items/*")},
		{"scp as a list", map[string]any{"scope": nil, "scp": []string{"items:write"}}, allow("PUT/items/*")},
		{"scp as a text", map[string]any{"scope": nil, "scp": "items:write"}, allow("PUT/items/*")},
		{"one of the two scopes that an operation needs", map[string]any{"scope": "files:write items:write"}, allow("PUT/items/*")},
		{"both", map[string]any{"scope": "files:write files:read"}, allow("POST/files/*")},
		{"a scope of no operation denies everything", map[string]any{"scope": "items"}, Statement{"execute-api:Invoke", "Deny", []string{stageARN + "/*"}}},
		{"no scope denies everything", map[string]any{"scope": nil}, Statement{"execute-api:Invoke", "Deny", []string{stageARN + "/*"}}},
		{"the audience among others", map[string]any{"aud": []string{"https://other.example", audience}}, allow("GET/items", "GET/items/*")},
		{"expired within the clock skew", map[string]any{"exp": at(-29 * time.Second)}, allow("GET/items", "GET/items/*")},
		{"valid soon, within the clock skew", map[string]any{"nbf": at(29 * time.Second), "iat": at(29 * time.Second)}, allow("GET/items", "GET/items/*")},
		{"without nbf and iat", map[string]any{"nbf": nil, "iat": nil}, allow("GET/items", "GET/items/*")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := i.handler().Handle(t.Context(), request("Bearer "+i.token(t, tt.claims)))
			if err != nil || !reflect.DeepEqual(got.Policy, Policy{"2012-10-17", []Statement{tt.want}}) {
				t.Errorf("got %+v, %v, want %+v", got.Policy, err, tt.want)
			}
		})
	}
}

func TestTheCallerIsAnIDWithoutItsName(t *testing.T) {
	i := newIssuer(t)
	ids := map[string]string{}
	for _, subject := range []string{"jo@example.com", "client-1", "jo@example.com"} {
		got, err := i.handler().Handle(t.Context(), request("bearer "+i.token(t, map[string]any{"sub": subject})))
		if err != nil || len(got.PrincipalID) != 32 {
			t.Fatalf("%+v, %v", got, err)
		}
		if before := ids[subject]; before != "" && before != got.PrincipalID {
			t.Errorf("%s has the ids %s and %s", subject, before, got.PrincipalID)
		}
		ids[subject] = got.PrincipalID
	}
	if ids["jo@example.com"] == ids["client-1"] {
		t.Error("two subjects have one id")
	}
	text := i.log.String()
	if strings.Contains(text, "jo@") || !strings.Contains(text, `"caller":"`+ids["client-1"]+`"`) {
		t.Errorf("the log is %s", text)
	}
	// docs/how-to/authenticate-callers.md computes one with sha256sum.
	if got := principal("https://login.example.com/", "client-1"); got != "301acc730812c8ee6acc2bced42c69a0" {
		t.Errorf("the id is %s", got)
	}
}

func TestAnEventThatIsNotOfAMethodIsAnError(t *testing.T) {
	for _, arn := range []string{"", "arn:aws:execute-api:eu-west-1:1:api", "arn:aws:lambda:eu-west-1:1:a/b/c", "arn:aws:execute-api:eu-west-1:1:api//GET/"} {
		i := newIssuer(t)
		event := request("Bearer " + i.token(t, nil))
		event.MethodARN = arn
		if got, err := i.handler().Handle(t.Context(), event); err == nil || err.Error() == "Unauthorized" {
			t.Errorf("%q: got %+v, %v", arn, got, err)
		}
	}
}

// An issuer that does not respond is no reason to tell a client that its token is bad.
func TestAnIssuerThatDoesNotRespondIsAnErrorAndNo401(t *testing.T) {
	for name, change := range map[string]func(*issuer){
		"it returns 503":                 func(i *issuer) { i.down = true },
		"its configuration is another's": func(i *issuer) { i.configuration = map[string]any{"issuer": "https://other.example/"} },
		"its keys have no TLS":           func(i *issuer) { i.configuration = map[string]any{"jwks_uri": "http://127.0.0.1/keys"} },
		"its keys are a redirect":        func(i *issuer) { i.configuration = map[string]any{"jwks_uri": i.URL + "/moved"} },
		"it publishes no key":            func(i *issuer) { i.keys = nil },
		"it publishes symmetric keys only": func(i *issuer) {
			i.keys, i.more = nil, []any{map[string]any{"kty": "oct", "kid": "first", "k": "c2VjcmV0"}}
		},
		"its configuration is no JSON": func(i *issuer) { i.configuration = map[string]any{"issuer": 7} },
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			token := i.token(t, nil)
			change(i)
			i.Config.Handler.(*http.ServeMux).HandleFunc("GET /moved", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/keys", http.StatusFound)
			})
			_, err := i.handler().Handle(t.Context(), request("Bearer "+token))
			var unavailable *UnavailableError
			if !errors.As(err, &unavailable) {
				t.Errorf("got %v, want an error of the issuer", err)
			}
		})
	}
}
