package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/internal/faultproxy"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// testEnv is the function with real dependencies, each behind a proxy that injects faults.
type testEnv struct {
	t                     *testing.T
	function              runtimeapi.Function
	redis, database, file *faultproxy.Proxy
	admin                 *pgx.Conn
	role                  string // of the function in the database, this test's own
	secretCache           *testservices.Secrets
	log                   *lockedBuffer
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newTestEnv starts the function; files serves S3's API.
func newTestEnv(t *testing.T, files http.HandlerFunc) *testEnv {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	s := &testEnv{t: t, secretCache: d.Secrets, log: &lockedBuffer{}, role: "app_" + strings.ToLower(rand.Text()[:12])}
	aws := &fakeAWS{secretCache: d.Secrets}
	secretsAPI, filesAPI := httptest.NewServer(aws), httptest.NewServer(files)
	t.Cleanup(secretsAPI.Close)
	t.Cleanup(filesAPI.Close)
	s.database = faultproxy.New(t, net.JoinHostPort(d.Admin.Host, strconv.Itoa(int(d.Admin.Port))))
	s.redis = faultproxy.New(t, testservices.Address(t, "TEST_REDIS_ADDR"))
	s.file = faultproxy.New(t, strings.TrimPrefix(filesAPI.URL, "http://"))
	s.createRole(d.Admin)
	host, port, _ := net.SplitHostPort(s.database.Address())
	env := map[string]string{"_HANDLER": "api"}
	for _, setting := range append(apiEnvironment(t, d, secretsAPI.URL),
		"DB_HOST="+host, "DB_PORT="+port, "DB_USER="+s.role, "REDIS_ADDR="+s.redis.Address(), "REDIS_CLUSTER=false", "STALE_TTL=10m",
		"AWS_ENDPOINT_URL_S3=http://"+s.file.Address(),
	) {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	program, err := build(func(name string) string { return env[name] }, slog.New(slog.NewJSONHandler(s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.function = program.Handler
	return s
}

// createRole creates the role, with the privileges of the application's.
func (s *testEnv) createRole(admin *pgx.ConnConfig) {
	var err error
	if s.admin, err = pgx.ConnectConfig(s.t.Context(), admin); err != nil {
		s.t.Fatal(err)
	}
	s.setPassword("first")
	s.t.Cleanup(func() {
		_, _ = s.admin.Exec(context.Background(), `DROP ROLE `+s.role)
		_ = s.admin.Close(context.Background())
	})
}

// setPassword rotates the secret, and then the role's password.
func (s *testEnv) setPassword(password string) {
	s.secretCache.Set(testservices.AppSecret, secrets.Credentials{Username: s.role, Password: password})
	verb := "CREATE"
	if password != "first" {
		verb = "ALTER"
	}
	s.exec(verb + ` ROLE ` + s.role + ` LOGIN PASSWORD '` + password + `'`)
	if verb == "CREATE" {
		s.exec(`GRANT app TO ` + s.role)
	}
}

func (s *testEnv) exec(statement string) {
	s.t.Helper()
	if _, err := s.admin.Exec(s.t.Context(), statement); err != nil {
		s.t.Fatal(err)
	}
}

// invocationTime is the time of an invocation: that of the deployed function.
const invocationTime = 29 * time.Second

// invoke returns the complete response; a stream is read to its end.
func (s *testEnv) invoke(ctx context.Context, event []byte) ([]byte, error) {
	response, err := s.function(ctx, event)
	if err != nil || response.Stream == nil {
		return response.Payload, err
	}
	whole, err := io.ReadAll(response.Stream)
	return whole, errors.Join(err, response.Stream.Close())
}

// uncancelledContext has a deadline and does not end at it: a call that ignores the deadline continues, and its response is far too late.
type uncancelledContext struct {
	context.Context
	deadline time.Time
}

func (a uncancelledContext) Deadline() (time.Time, bool) { return a.deadline, true }

// schedulingAllowance is how late a busy machine may return a response that was due shortly before the deadline.
// TestTheHandlerRespondsBeforeTheDeadline has no such allowance: its fake clock stands still while a goroutine runs.
const schedulingAllowance = 2 * time.Second

// invokeWithin sends a request with that much time; no response may come later.
func (s *testEnv) invokeWithin(within time.Duration, event events.APIGatewayProxyRequest) (response events.APIGatewayProxyResponse, body []byte) {
	payload, err := json.Marshal(event)
	if err != nil {
		s.t.Error(err)
	}
	began := time.Now()
	whole, err := s.invoke(uncancelledContext{s.t.Context(), began.Add(within)}, payload)
	if took := time.Since(began); took > within+schedulingAllowance {
		s.t.Errorf("%s %s got its response after %s, with a deadline of %s", event.HTTPMethod, event.Resource, took, within)
	}
	head, body, _ := bytes.Cut(whole, make([]byte, 8))
	if jsonErr := json.Unmarshal(head, &response); jsonErr != nil && err == nil {
		s.t.Errorf("the response is %.200q", whole)
	}
	return response, body
}

// request sends a request for an item of this test: Redis is shared.
func (s *testEnv) request(method, id, body string) events.APIGatewayProxyResponse {
	response, _ := s.invokeWithin(invocationTime, request(method, "/items/{id}", map[string]string{"id": s.role + id}, body))
	return response
}

// expect sends a request and checks the status, and X-Cache if it is given.
func (s *testEnv) expect(method, id, body string, status int, cache string) {
	s.t.Helper()
	response := s.request(method, id, body)
	if response.StatusCode != status || cache != "" && response.Headers["X-Cache"] != cache {
		s.t.Errorf("%s: %d %s %s, want %d %s", method, response.StatusCode, response.Headers["X-Cache"], response.Body, status, cache)
	}
	if status == http.StatusServiceUnavailable && response.Headers["Retry-After"] == "" {
		s.t.Errorf("%s: 503 without Retry-After", method)
	}
}

// waitForStatus repeats a request until the response is as expected. How soon that is follows from the times of the breaker and of
// claims, which TestADependencyThatRecoversIsUsedWithinASecond holds with a fake clock: here it is logged.
func (s *testEnv) waitForStatus(method, id, body string, status int, cache string) {
	s.t.Helper()
	began := time.Now()
	for !s.matches(method, id, body, status, cache) {
		if time.Since(began) > 20*time.Second {
			s.t.Fatalf("%s does not return %d %s", method, status, cache)
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Logf("recovered after %s", time.Since(began).Round(time.Millisecond))
}

// waitForStatusIn repeats a request a number of times at most.
func (s *testEnv) waitForStatusIn(attempts int, method, id, body string, status int) {
	s.t.Helper()
	for range attempts {
		if s.matches(method, id, body, status, "") {
			return
		}
	}
	s.t.Errorf("%s does not return %d at the %dth time", method, status, attempts)
}

func (s *testEnv) matches(method, id, body string, status int, cache string) bool {
	response := s.request(method, id, body)
	return response.StatusCode == status && (cache == "" || response.Headers["X-Cache"] == cache)
}

// expectLogged checks the log for all strings.
func (s *testEnv) expectLogged(all ...string) {
	s.t.Helper()
	for _, expected := range all {
		if !strings.Contains(s.log.String(), expected) {
			s.t.Errorf("the log has no %s:\n%s", expected, s.log)
		}
	}
}

func notFound(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }

func TestWhenRedisFailsTheDatabaseServesReads(t *testing.T) {
	for name, fail := range map[string]func(*faultproxy.Proxy){
		"down":   (*faultproxy.Proxy).ResetAll,
		"silent": (*faultproxy.Proxy).Stall,
		"slow":   func(p *faultproxy.Proxy) { p.Slow(2 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTestEnv(t, notFound)
			s.expect("PUT", "a", `1`, 201, "")
			s.expect("GET", "a", "", 200, "miss")
			fail(s.redis)
			s.expect("GET", "a", "", 200, "bypass")
			s.expect("PUT", "a", `2`, 200, "")
			for range 3 {
				s.expect("GET", "a", "", 200, "bypass")
			}
			s.expect("DELETE", "a", "", 204, "")
			s.expect("GET", "a", "", 404, "bypass")
			s.expectLogged(`"msg":"cache failed","doing":"reading"`, `"msg":"cache failed","doing":"invalidating"`, `"CacheFailures":1`, `"CacheBypass":1`)
			s.redis.Restore()
			s.waitForStatus("GET", "b", "", 404, "hit")
		})
	}
}

func TestWhenTheDatabaseFailsCachedItemsAreServed(t *testing.T) {
	for name, test := range map[string]struct{ fail, mend func(*testEnv) }{
		"down":   {func(s *testEnv) { s.database.ResetAll() }, func(s *testEnv) { s.database.Restore() }},
		"silent": {func(s *testEnv) { s.database.Stall() }, func(s *testEnv) { s.database.ResetOnce() }},
		"out of connections": {
			func(s *testEnv) { s.exec(`ALTER ROLE ` + s.role + ` CONNECTION LIMIT 0`); s.database.ResetOnce() },
			func(s *testEnv) { s.exec(`ALTER ROLE ` + s.role + ` CONNECTION LIMIT -1`) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTestEnv(t, notFound)
			s.expect("PUT", "a", `1`, 201, "")
			s.expect("GET", "a", "", 200, "miss")
			test.fail(s)
			s.expect("GET", "a", "", 200, "hit")
			s.expect("GET", "b", "", 503, "")
			s.expect("PUT", "c", `2`, 503, "")
			s.expectLogged(`"kind":"unavailable"`, `"status":503`, `"DatabaseFailures":1`)
			test.mend(s)
			s.waitForStatusIn(1, "GET", "b", "", 404)
			s.waitForStatusIn(1, "PUT", "c", `2`, 201)
		})
	}
}

func TestAfterAFailoverTheDatabaseIsUsedAgain(t *testing.T) {
	s := newTestEnv(t, notFound)
	s.expect("PUT", "a", `1`, 201, "")
	s.database.ResetOnce()
	s.expect("GET", "a", "", 200, "")
	s.exec(`ALTER ROLE ` + s.role + ` SET default_transaction_read_only = on`)
	s.database.ResetOnce()
	s.expect("GET", "b", "", 404, "")
	s.expect("PUT", "a", `2`, 503, "")
	s.expect("GET", "a", "", 200, "hit") // the write did not happen, and costs no entry
	s.expectLogged("25006", `"kind":"unavailable"`, `"DatabaseFailures":1`)
	s.exec(`ALTER ROLE ` + s.role + ` RESET default_transaction_read_only`)
	// Existing sessions stay read-only: the function must close them.
	s.expect("PUT", "a", `3`, 200, "")
	if response := s.request("GET", "a", ""); !strings.Contains(response.Body, `"body":3`) {
		t.Errorf("got %s", response.Body)
	}
}

// The time is shorter than the one that a migration sets, which is the role app's.
func TestTheDatabaseCancelsAWriteThatWaitsForALock(t *testing.T) {
	s := newTestEnv(t, notFound)
	s.exec(`ALTER ROLE ` + s.role + ` SET statement_timeout = '500ms'`)
	s.expect("PUT", "a", `1`, 201, "")
	s.expect("GET", "a", "", 200, "miss")
	s.exec(`BEGIN`)
	s.exec(`SELECT FROM items WHERE id = '` + s.role + `a' FOR UPDATE`)
	s.expect("PUT", "a", `2`, 503, "")
	s.expect("GET", "a", "", 200, "hit") // the write did not happen, and costs no entry
	s.expectLogged("57014", `"kind":"unavailable"`, `"DatabaseFailures":1`)
	s.exec(`COMMIT`)
	s.expect("PUT", "a", `3`, 200, "")
	if response := s.request("GET", "a", ""); !strings.Contains(response.Body, `"body":3`) {
		t.Errorf("got %s", response.Body)
	}
}

func TestASecretIsRotatedUnderLoad(t *testing.T) {
	s := newTestEnv(t, notFound)
	s.expect("PUT", "a", `1`, 201, "")
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for client := range 4 {
		clients.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				response := s.request("GET", fmt.Sprintf("%d-%d", client, n), "")
				if response.StatusCode != 404 && response.StatusCode != 503 {
					t.Errorf("the status is %d", response.StatusCode)
				}
			}
		})
	}
	for round := range 5 {
		s.setPassword(fmt.Sprintf("rotated-%d", round))
		s.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + s.role + `'`)
		// Each connection that was cut costs one write at most.
		s.waitForStatusIn(maxConns+1, "PUT", "a", `1`, 200)
	}
	cancel()
	clients.Wait()
	for n := range 10 {
		s.expect("GET", fmt.Sprintf("after-%d", n), "", 404, "")
	}
	if strings.Contains(s.log.String(), "rotated-") {
		t.Error("the log has a password")
	}
}

func TestNoResponseIsSentAfterTheDeadline(t *testing.T) {
	s := newTestEnv(t, notFound)
	s.expect("PUT", "a", `1`, 201, "")
	s.database.Stall()
	s.redis.Stall()
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		response, _ := s.invokeWithin(2*time.Second, request(method, "/items/{id}", map[string]string{"id": s.role + "a"}, `2`))
		if response.StatusCode != 503 {
			t.Errorf("%s: %d", method, response.StatusCode)
		}
	}
}

// object is an S3 with one object; it fails with status.
type object struct {
	content []byte
	status  func(request int) int // the status of the nth request, from 1; 0: the object
	mu      sync.Mutex
	asked   int
}

func (o *object) serve(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.asked++
	status := o.status(o.asked)
	o.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`<Error><Code>` + map[int]string{503: "SlowDown", 404: "NoSuchKey"}[status] + `</Code></Error>`))
		return
	}
	w.Header().Set("ETag", `"E1"`)
	http.ServeContent(w, r, "", time.Unix(1e9, 0), bytes.NewReader(o.content))
}

func TestFailuresOfS3(t *testing.T) {
	content := make([]byte, 12<<20)
	_, _ = rand.Read(content)
	wanted := request("GET", "/files/{key+}", map[string]string{"key": "large"}, "")
	startConnecting := func(t *testing.T, status func(request int) int) *testEnv {
		return newTestEnv(t, (&object{content: content, status: status}).serve)
	}
	t.Run("after short throttling the file is complete", func(t *testing.T) {
		s := startConnecting(t, func(request int) int { return map[bool]int{true: 503}[request <= 2] })
		if response, body := s.invokeWithin(invocationTime, wanted); response.StatusCode != 200 || !bytes.Equal(body, content) {
			t.Errorf("%d with %d bytes", response.StatusCode, len(body))
		}
	})
	t.Run("after long throttling the response is 503", func(t *testing.T) {
		s := startConnecting(t, func(int) int { return 503 })
		if response, _ := s.invokeWithin(invocationTime, wanted); response.StatusCode != 503 || response.Headers["Retry-After"] == "" {
			t.Errorf("%+v", response)
		}
		s.expectLogged(`"kind":"unavailable"`, `"FilesFailures":1`)
	})
	t.Run("without a response of S3 the response is 503 before the deadline", func(t *testing.T) {
		s := startConnecting(t, func(int) int { return 0 })
		s.file.Stall()
		if response, _ := s.invokeWithin(6*time.Second, wanted); response.StatusCode != 503 || response.Headers["Retry-After"] == "" {
			t.Errorf("%+v\n%s", response, s.log)
		}
		s.file.ResetOnce()
		if response, body := s.invokeWithin(invocationTime, wanted); response.StatusCode != 200 || !bytes.Equal(body, content) {
			t.Errorf("%d with %d bytes once it is back", response.StatusCode, len(body))
		}
	})
	t.Run("from a slow S3 the file is complete", func(t *testing.T) {
		s := startConnecting(t, func(int) int { return 0 })
		s.file.Slow(10 * time.Millisecond) // each piece of 32 KiB
		if response, body := s.invokeWithin(invocationTime, wanted); response.StatusCode != 200 || !bytes.Equal(body, content) {
			t.Errorf("%d with %d bytes", response.StatusCode, len(body))
		}
	})
	t.Run("if the object is deleted in the middle the stream fails", func(t *testing.T) {
		s := startConnecting(t, func(request int) int { return map[bool]int{true: 404}[request > 1] })
		payload, err := json.Marshal(wanted)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.invoke(t.Context(), payload); err == nil {
			t.Error("the response counts as complete")
		}
		s.expectLogged(`"StreamsBroken":1`)
	})
}
