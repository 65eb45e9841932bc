package authorize

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	audience  = "https://api.example"
	methodARN = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/items/a"
	stageARN  = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod"
)

var operations = Operations{
	"GET/items/*": {"items:read"}, "PUT/items/*": {"items:write"}, "GET/items": {"items:read"},
	"POST/files/*": {"files:read", "files:write"},
}

// issuer is an OpenID Connect issuer on this machine, with a clock that the tests move.
type issuer struct {
	*httptest.Server
	now  time.Time
	keys map[string]crypto.Signer
	// configuration replaces members of its OpenID configuration.
	configuration map[string]any
	// more are further keys of its key set, as JSON.
	more []any
	// down has it return 503, requests counts those for its keys.
	down     bool
	requests int
	log      bytes.Buffer
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{now: time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC), keys: map[string]crypto.Signer{"first": newKey(t)}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tenant/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		configuration := map[string]any{"issuer": i.id(), "jwks_uri": i.URL + "/keys"}
		maps.Copy(configuration, i.configuration)
		i.write(w, configuration)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.requests++
		set := map[string]any{"keys": i.more}
		for id, key := range i.keys {
			public := jose.JSONWebKey{Key: key.Public(), KeyID: id, Use: "sig", Algorithm: "RS256"}
			set["keys"] = append(set["keys"].([]any), public)
		}
		i.write(w, set)
	})
	i.Server = httptest.NewTLSServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) write(w http.ResponseWriter, value any) {
	if i.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(value)
}

func (i *issuer) id() string { return i.URL + "/tenant/" }

// pool are keys, made once, as making one takes most of a test's time. A test has fewer than these.
var pool = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 4)
	for i := range keys {
		keys[i], _ = rsa.GenerateKey(rand.Reader, 2048) // fails for no size that is allowed
	}
	return keys
})

var taken atomic.Int64

// newKey is another key than the last ones.
func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	return pool()[int(taken.Add(1))%len(pool())]
}

// handler is a new execution environment of the function.
func (i *issuer) handler() *Handler {
	now := func() time.Time { return i.now }
	client := i.Client()
	client.CheckRedirect = Client().CheckRedirect
	return &Handler{
		Verifier: &Verifier{
			Issuer: i.id(), Audience: audience, Algorithm: jose.RS256, ClockSkew: 30 * time.Second, Now: now,
			Keys: &RemoteKeys{Issuer: i.id(), Client: client, Now: now},
		},
		Operations: operations, Log: slog.New(slog.NewJSONHandler(&i.log, nil)),
	}
}

// claimsWith are those of a valid token, with some replaced; nil removes one.
func (i *issuer) claimsWith(replaced map[string]any) map[string]any {
	all := map[string]any{
		"iss": i.id(), "aud": audience, "sub": "client-1", "scope": "items:read other",
		"exp": i.now.Add(time.Hour).Unix(), "nbf": i.now.Unix(), "iat": i.now.Unix(),
	}
	for name, value := range replaced {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

// token is a valid one with some of its claims replaced.
func (i *issuer) token(t *testing.T, replaced map[string]any) string {
	t.Helper()
	return sign(t, jose.RS256, "first", i.keys["first"], i.claimsWith(replaced))
}

func sign(t *testing.T, algorithm jose.SignatureAlgorithm, id string, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", id))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func request(values ...string) Request {
	r := Request{MethodARN: methodARN, Headers: map[string][]string{"authorization": values}}
	r.RequestContext.RequestID = "request-1"
	return r
}

// counting counts the requests of a client.
type counting struct {
	http.RoundTripper
	requests *int
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	*c.requests++
	return c.RoundTripper.RoundTrip(r)
}
