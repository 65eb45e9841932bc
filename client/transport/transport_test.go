package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/didomi/serverless-api/client/transport"
)

// try is what one try of a request gets.
type try struct {
	status int
	header http.Header
	body   io.Reader
	err    error
}

// script is a RoundTripper that answers with one try after the other, the last one for ever.
type script struct {
	tries  []try
	bodies []string
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	s.bodies = append(s.bodies, body)
	now := s.tries[min(len(s.bodies), len(s.tries))-1]
	if now.err != nil {
		return nil, now.err
	}
	if now.body == nil {
		now.body = strings.NewReader("")
	}
	if now.header == nil {
		now.header = http.Header{}
	}
	return &http.Response{StatusCode: now.status, Header: now.header, Body: io.NopCloser(now.body), Request: r}, nil
}

const address = "https://api.example/v1"

func newClient(t *testing.T, base http.RoundTripper, options ...transport.Option) *http.Client {
	t.Helper()
	client, _, err := transport.New(address, append(options, transport.WithBase(base))...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newRequest(ctx context.Context, t *testing.T, method, body string, marked bool) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, address+"/x", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if marked {
		transport.Repeatable(request)
	}
	return request
}

var (
	errReset  = &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	errDial   = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	throttled = try{status: 429, header: http.Header{"Retry-After": {"1"}}}
	down      = try{status: 503, header: http.Header{"Retry-After": {"2"}}}
	fine      = try{status: 200, body: strings.NewReader("fine")}
)

func TestOnlyWhatMayBeRepeatedIsTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		method    string
		marked    bool
		tries     []try
		want      int // tries
		status    int // 0: an error
		uncertain bool
	}{
		"a read whose connection broke":                              {http.MethodGet, false, []try{{err: errReset}, {status: 200}}, 2, 200, true},
		"a write of one state whose connection broke":                {http.MethodPut, false, []try{{err: errReset}, {status: 200}}, 2, 200, true},
		"a deletion whose response broke off":                        {http.MethodDelete, false, []try{{status: 204, body: iotest.ErrReader(errReset)}, {status: 404}}, 2, 404, true},
		"a POST whose connection broke is not":                       {http.MethodPost, false, []try{{err: errReset}}, 1, 0, false},
		"a POST whose connection broke and whose contract allows it": {http.MethodPost, true, []try{{err: errReset}, {status: 201}}, 2, 201, true},
		"a POST that found no connection":                            {http.MethodPost, false, []try{{err: errDial}, {status: 201}}, 2, 201, false},
		"a POST that was throttled":                                  {http.MethodPost, false, []try{throttled, {status: 201}}, 2, 201, false},
		"a POST that met a fault is not":                             {http.MethodPost, false, []try{down}, 1, 503, false},
		"a read that met a fault":                                    {http.MethodGet, false, []try{down, {status: 502}, {status: 200}}, 3, 200, true},
		"a request whose quota is used up is not":                    {http.MethodGet, false, []try{{status: 429}}, 1, 429, false},
		"a request that is wrong is not":                             {http.MethodGet, false, []try{{status: 400}}, 1, 400, false},
		"a read that met a fault and then was throttled":             {http.MethodGet, false, []try{{status: 502}, throttled, {status: 412}}, 3, 412, true},
		"a read that always fails, to the last try":                  {http.MethodGet, false, []try{{status: 503}}, 6, 503, true},
		"a read that never gets a response, to the last try":         {http.MethodGet, false, []try{{err: errReset}}, 6, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := &script{tries: test.tries}
				ctx, outcome := transport.Observe(t.Context())
				response, err := newClient(t, base).Do(newRequest(ctx, t, test.method, "body", test.marked))
				status := 0
				if err == nil {
					status = response.StatusCode
					_ = response.Body.Close()
				}
				if status != test.status || len(base.bodies) != test.want {
					t.Errorf("status %d after %d tries, error %v; want %d after %d", status, len(base.bodies), err, test.status, test.want)
				}
				for i, body := range base.bodies {
					if body != "body" {
						t.Errorf("try %d sent the body %q", i+1, body)
					}
				}
				if outcome.Uncertain != test.uncertain {
					t.Errorf("uncertain is %t, want %t", outcome.Uncertain, test.uncertain)
				}
			})
		})
	}
}

// The clock is the bubble's, so the pauses are exact.
func TestPausesFollowRetryAfterAndTheContext(t *testing.T) {
	never := time.Hour
	for name, test := range map[string]struct {
		first           try
		deadline        time.Duration
		cancelled       time.Duration
		least, most     time.Duration
		status, tries   int
		wantErr         error
		retries         transport.Retries
		withoutRetrying bool
	}{
		"seconds of Retry-After are waited":                {first: down, least: 2 * time.Second, most: 3 * time.Second, status: 200, tries: 2},
		"a date of Retry-After is waited for":              {first: try{status: 503, header: http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:00:10 GMT"}}}, least: 10 * time.Second, most: 15 * time.Second, status: 200, tries: 2},
		"a pause without Retry-After is the first one":     {first: try{status: 503}, least: 100 * time.Millisecond, most: 300 * time.Millisecond, status: 200, tries: 2},
		"a Retry-After beyond all patience ends the tries": {first: try{status: 503, header: http.Header{"Retry-After": {"3600"}}}, status: 503, tries: 1},
		"one beyond the deadline leaves the response":      {first: down, deadline: time.Second, status: 503, tries: 1},
		"a cancelled pause ends at once":                   {first: down, cancelled: time.Second, least: time.Second, most: time.Second, tries: 1, wantErr: context.Canceled},
		"a context without retries has one try":            {first: down, status: 503, tries: 1, withoutRetrying: true},
		"other settings of retries are followed":           {first: try{status: 503}, retries: transport.Retries{Tries: 1}, status: 503, tries: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), never)
				if test.deadline > 0 {
					ctx, cancel = context.WithTimeout(t.Context(), test.deadline)
				}
				defer cancel()
				if test.cancelled > 0 {
					time.AfterFunc(test.cancelled, cancel)
				}
				if test.withoutRetrying {
					ctx = transport.WithoutRetries(ctx)
				}
				var options []transport.Option
				if test.retries.Tries > 0 {
					options = append(options, transport.WithRetries(test.retries))
				}
				base := &script{tries: []try{test.first, fine}}
				began, status := time.Now(), 0
				response, err := newClient(t, base, options...).Do(newRequest(ctx, t, http.MethodGet, "", false))
				if err == nil {
					status = response.StatusCode
					_ = response.Body.Close()
				}
				if status != test.status || len(base.bodies) != test.tries || !errors.Is(err, test.wantErr) {
					t.Errorf("status %d after %d tries, error %v; want %d after %d, %v", status, len(base.bodies), err, test.status, test.tries, test.wantErr)
				}
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("it took %s, want %s to %s", took, test.least, test.most)
				}
			})
		})
	}
}

func TestAProblemIsATypedError(t *testing.T) {
	problem := `{"title":"Precondition Failed","status":412,"detail":"another version","request_id":"r-1"}`
	for name, test := range map[string]struct {
		header http.Header
		body   string
		want   transport.Problem
	}{
		"problem details": {
			http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"3"}}, problem,
			transport.Problem{Status: 412, Title: "Precondition Failed", Detail: "another version", RequestID: "r-1", RetryAfter: 3 * time.Second},
		},
		"a page of HTML": {
			http.Header{"Content-Type": {"text/html"}, "X-Request-Id": {"r-2"}}, "<h1>no</h1>",
			transport.Problem{Status: 412, Title: "Precondition Failed", RequestID: "r-2"},
		},
		"JSON that is none": {
			http.Header{"Content-Type": {"application/json"}}, `[`,
			transport.Problem{Status: 412, Title: "Precondition Failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			base := &script{tries: []try{{status: 412, header: test.header, body: strings.NewReader(test.body)}}}
			response, err := newClient(t, base).Do(newRequest(t.Context(), t, http.MethodPut, "1", false)) //nolint:bodyclose // NewProblem does
			if err != nil {
				t.Fatal(err)
			}
			got := transport.NewProblem(response)
			test.want.Method, test.want.Path = http.MethodPut, "/v1/x"
			if *got != test.want {
				t.Errorf("%+v, want %+v", *got, test.want)
			}
			if err := fmt.Errorf("wrapped: %w", got); !errors.Is(err, transport.ErrPrecondition) || errors.Is(err, transport.ErrNotFound) {
				t.Errorf("%v is not ErrPrecondition alone", err)
			}
		})
	}
}

func TestAuthenticationIsSentToTheAPIAlone(t *testing.T) {
	token := func(context.Context) (string, error) { return "t-1", nil }
	for name, test := range map[string]struct {
		option         transport.Option
		header, prefix string
	}{
		"an API key":     {transport.WithAPIKey("k-1"), "X-Api-Key", "k-1"},
		"a bearer token": {transport.WithBearerToken(token), "Authorization", "Bearer t-1"},
		"a signature":    {transport.WithSigV4(credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""), "eu-west-3"), "Authorization", "AWS4-HMAC-SHA256 Credential=AKID/"},
	} {
		t.Run(name, func(t *testing.T) {
			var atBucket http.Header
			bucket := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { atBucket = r.Header }))
			defer bucket.Close()
			var atAPI []string
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if atAPI = append(atAPI, r.Header.Get(test.header)); len(atAPI) == 1 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				http.Redirect(w, r, bucket.URL, http.StatusTemporaryRedirect)
			}))
			defer api.Close()
			client, _, err := transport.New(api.URL, test.option, transport.WithRetries(transport.Retries{Tries: 2, Elapsed: time.Minute}))
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Get(api.URL + "/files/a")
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if len(atAPI) != 2 || !strings.HasPrefix(atAPI[0], test.prefix) || !strings.HasPrefix(atAPI[1], test.prefix) {
				t.Errorf("the API's tries had %q, want %q in both", atAPI, test.prefix)
			}
			if value := atBucket.Get(test.header); atBucket == nil || value != "" {
				t.Errorf("the redirect's target got %s: %q of %v", test.header, value, atBucket)
			}
		})
	}
}

func TestTheMarkOfARepeatableRequestIsNotSigned(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer server.Close()
	client, _, err := transport.New(server.URL, transport.WithSigV4(credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""), "eu-west-3"))
	if err != nil {
		t.Fatal(err)
	}
	request := newRequest(t.Context(), t, http.MethodPost, "{}", true)
	request.URL.Scheme, request.URL.Host = "http", strings.TrimPrefix(server.URL, "http://")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if _, sent := got["Idempotency-Key"]; got == nil || sent || strings.Contains(got.Get("Authorization"), "idempotency-key") {
		t.Errorf("the server got %v", got)
	}
}

func TestWrongSettingsAreReported(t *testing.T) {
	token := transport.WithBearerToken(func(context.Context) (string, error) { return "", errors.New("the issuer is down") })
	signed := transport.WithSigV4(aws.AnonymousCredentials{}, "eu-west-3")
	for name, test := range map[string]struct {
		address string
		options []transport.Option
		want    string
	}{
		"no scheme":     {"api.example", nil, "must be the address of an API"},
		"a query":       {"https://api.example?a=b", nil, "no query"},
		"two in one":    {address, []transport.Option{token, signed}, "WithBearerToken and WithSigV4"},
		"a fine one":    {address, []transport.Option{token}, ""},
		"another colon": {"https://[::1", nil, "must be the address of an API"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := transport.New(test.address, test.options...)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestARequestThatCannotBeAuthenticatedIsNotTried(t *testing.T) {
	for name, test := range map[string]struct {
		option transport.Option
		want   string
	}{
		"without a token": {
			transport.WithBearerToken(func(context.Context) (string, error) { return "", errors.New("the issuer is down") }),
			"bearer token: the issuer is down",
		},
		"without credentials": {
			transport.WithSigV4(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, errors.New("no profile")
			}), "eu-west-3"),
			"AWS credentials: no profile",
		},
	} {
		t.Run(name, func(t *testing.T) {
			base := &script{tries: []try{fine}}
			response, err := newClient(t, base, test.option).Do(newRequest(t.Context(), t, http.MethodGet, "", false))
			if err == nil {
				_ = response.Body.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "tries") || len(base.bodies) > 0 {
				t.Errorf("error %v after %d requests, want %q after none", err, len(base.bodies), test.want)
			}
		})
	}
}
