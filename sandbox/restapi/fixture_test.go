package restapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

const functionARN = "arn:aws:lambda:eu-west-1:000000000000:function:f:live"

// openPolicy allows the API "api1" to invoke the function.
const openPolicy = `{"Statement":[{"Sid":"api","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",` +
	`"Resource":"` + functionARN + `","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:eu-west-1:000000000000:api1/*/*"}}}]}`

// fakeStore has one API, "api1", with one stage, "v1". Like the emulator's store, it returns an error for an empty stage.
type fakeStore struct {
	stage  Stage
	keys   []Key
	policy string

	authorizerPolicy string
	principals       map[string]Principal
	role             error
}

func (s *fakeStore) Stage(_ context.Context, apiID, stage string) (Stage, error) {
	if stage == "" {
		return Stage{}, errors.New("a list of stages is no stage")
	}
	if apiID != s.stage.APIID || stage != s.stage.Name {
		return Stage{}, ErrNotFound
	}
	return s.stage, nil
}

func (s *fakeStore) Domain(_ context.Context, host string) (Domain, error) {
	if host != "api.example.com" {
		return Domain{}, ErrNotFound
	}
	return Domain{Name: host, Mappings: []Mapping{
		{BasePath: "shop", APIID: "api1", Stage: "v1"},
		{BasePath: "shop/any", APIID: "api1"},
		{BasePath: "gone", APIID: "api1", Stage: "v0"},
	}}, nil
}

func (s *fakeStore) Keys(context.Context, string, string) ([]Key, error) { return s.keys, nil }

func (s *fakeStore) FunctionPolicy(_ context.Context, arn string) (string, error) {
	if arn == authorizerFunction && s.authorizerPolicy != "" {
		return s.authorizerPolicy, nil
	}
	if arn != functionARN || s.policy == "" {
		return "", ErrNotFound
	}
	return s.policy, nil
}

func (s *fakeStore) Principal(_ context.Context, accessKeyID string) (Principal, error) {
	p, ok := s.principals[accessKeyID]
	if !ok {
		return Principal{}, ErrNotFound
	}
	return p, nil
}

func (s *fakeStore) RoleInvokes(context.Context, string, string) error { return s.role }

// fakeInvoker calls its functions and keeps the last event.
type fakeInvoker struct {
	invoke func(context.Context) (lambdahost.Response, error)
	// authorize is the authorizer's function.
	authorize func(event map[string]any) (lambdahost.Response, error)
	stream    func(context.Context) (*lambdahost.Stream, error)

	mu    sync.Mutex
	last  []byte
	trace string
	// authorizations are the events of the authorizer's invocations.
	authorizations []map[string]any
}

func (f *fakeInvoker) Invoke(ctx context.Context, r lambdahost.Request) (lambdahost.Response, error) {
	if r.Function == authorizerFunction {
		var event map[string]any
		if err := json.Unmarshal(r.Payload, &event); err != nil {
			return lambdahost.Response{}, err
		}
		f.mu.Lock()
		f.authorizations = append(f.authorizations, event)
		f.mu.Unlock()
		return f.authorize(event)
	}
	f.keep(r)
	if f.invoke == nil {
		return lambdahost.Response{RequestID: "lambda-request", Payload: []byte(`{"statusCode":200,"body":"ok"}`)}, nil
	}
	return f.invoke(ctx)
}

func (f *fakeInvoker) InvokeStream(ctx context.Context, r lambdahost.Request) (*lambdahost.Stream, error) {
	f.keep(r)
	return f.stream(ctx)
}

func (f *fakeInvoker) keep(r lambdahost.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.trace = r.Payload, r.TraceID
}

func (f *fakeInvoker) event(t *testing.T) map[string]any {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var event map[string]any
	if err := json.Unmarshal(f.last, &event); err != nil {
		t.Fatalf("event %q: %v", f.last, err)
	}
	return event
}

// fixture is a running server.
type fixture struct {
	store   *fakeStore
	invoker *fakeInvoker
	url     string
	logged  chan string
	now     time.Time // of the server's clock; zero: the real time
}

func newFixture(t *testing.T, invoker lambdahost.Invoker) *fixture {
	t.Helper()
	doc, err := os.ReadFile("testdata/api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{
		store: &fakeStore{policy: openPolicy, stage: Stage{
			APIID: "api1", AccountID: "000000000000", Region: "eu-west-1", Name: "v1", DeploymentID: "dep1", Document: doc,
		}},
		logged: make(chan string, 100),
	}
	if invoker == nil {
		f.invoker = &fakeInvoker{}
		invoker = f.invoker
	}
	now := func() time.Time {
		if f.now.IsZero() {
			return time.Now()
		}
		return f.now
	}
	server := httptest.NewServer(New(Config{Store: f.store, Invoker: invoker, Now: now, AccessLog: func(_, entry string) { f.logged <- entry }}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

type response struct {
	status int
	header http.Header
	body   string
}

// send sends a request to path; headers are "Name: value" lines.
func (f *fixture) send(t *testing.T, method, path, body string, headers ...string) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Add(name, value)
	}
	return do(t, r)
}

// do sends a request.
func do(t *testing.T, r *http.Request) response {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{resp.StatusCode, resp.Header, string(b)}
}
