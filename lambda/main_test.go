package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

func TestMain(m *testing.M) { testservices.Main(m, main) }

// fakeAWS has what the function uses of AWS: secrets by ARN and one bucket with one large object.
type fakeAWS struct {
	secretCache *testservices.Secrets
	size        int64
}

// pattern is an object of a given size without its memory.
type pattern struct{ size, at int64 }

func (p *pattern) Read(to []byte) (int, error) {
	n := int(min(int64(len(to)), p.size-p.at))
	for i := range n {
		to[i] = patternByte(p.at + int64(i))
	}
	p.at += int64(n)
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

// patternByte does not repeat at the length of any chunk.
func patternByte(at int64) byte { return byte(at) ^ byte(at>>8) ^ byte(at>>17)*31 ^ byte(at>>25)*101 }

func (p *pattern) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.size
	}
	p.at = offset
	return offset, nil
}

func (c *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		c.secretCache.ServeHTTP(w, r)
	case r.URL.Path == "/bucket/large":
		w.Header().Set("ETag", `"E1"`)
		http.ServeContent(w, r, "", time.Time{}, &pattern{size: c.size})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// apiEnvironment is the environment of the deployed function, with real dependencies.
func apiEnvironment(t *testing.T, d testservices.Database, endpoint string) []string {
	return []string{
		"DB_HOST=" + d.Admin.Host, fmt.Sprintf("DB_PORT=%d", d.Admin.Port), "DB_NAME=" + d.Admin.Database,
		"DB_SECRET_ARN=" + testservices.AppSecret, "DB_MASTER_SECRET_ARN=" + testservices.MasterSecret, "DB_SSLMODE=disable",
		"REDIS_ADDR=" + testservices.Address(t, "TEST_REDIS_CLUSTER_ADDR"), "REDIS_TLS=false", "REDIS_CLUSTER=true",
		"BUCKET=bucket", "CACHE_TTL=1m", "STALE_TTL=1m", "NEGATIVE_TTL=5s",
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_FUNCTION_VERSION=7",
	}
}

// startAPI starts the function "api" with its own database; changes override variables.
func startAPI(t *testing.T, aws *fakeAWS, changes ...string) (runtimeAPI, *exec.Cmd) {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	aws.secretCache = d.Secrets
	endpoint := httptest.NewServer(aws)
	t.Cleanup(endpoint.Close)
	runtime, address := testservices.NewRuntimeAPI(t)
	return runtimeAPI{runtime}, testservices.Start(t, "api", address, append(apiEnvironment(t, d, endpoint.URL), changes...)...)
}

// runtimeAPI is the Runtime API of a function that responds as API Gateway expects.
type runtimeAPI struct{ *testservices.RuntimeAPI }

// invoke invokes the function for a buffered response.
func (a runtimeAPI) invoke(t *testing.T, event events.APIGatewayProxyRequest) (response events.APIGatewayProxyResponse) {
	t.Helper()
	a.Invoke(event, func(r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&response); err != nil {
			t.Error(err)
		}
	})
	return response
}

func request(method, resource string, parameters map[string]string, body string) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		HTTPMethod: method, Resource: resource, PathParameters: parameters, Body: body,
		Headers: map[string]string{"Content-Type": "application/json"},
	}
}

func TestTheFunctionServesItemsFromPostgreSQLThroughRedis(t *testing.T) {
	runtime, _ := startAPI(t, &fakeAWS{})
	id := map[string]string{"id": strings.ToLower(rand.Text())}
	for i, step := range []struct {
		method, body string
		status       int
		cache, want  string
	}{
		{"GET", "", 404, "miss", `"status":404`},
		{"GET", "", 404, "hit", `"status":404`},
		{"PUT", `{"n":1}`, 201, "", `"body":{"n":1}`},
		{"GET", "", 200, "miss", `"body":{"n":1}`},
		{"GET", "", 200, "hit", `"body":{"n":1}`},
		{"PUT", `{"n":2}`, 200, "", `"body":{"n":2}`},
		{"GET", "", 200, "miss", `"body":{"n":2}`},
		{"GET", "", 200, "hit", `"body":{"n":2}`},
		{"DELETE", "", 204, "", ""},
		{"GET", "", 404, "miss", `"status":404`},
	} {
		response := runtime.invoke(t, request(step.method, "/items/{id}", id, step.body))
		if response.StatusCode != step.status || response.Headers["X-Cache"] != step.cache || !strings.Contains(response.Body, step.want) {
			t.Fatalf("step %d, %s: %d %s %s", i, step.method, response.StatusCode, response.Headers["X-Cache"], response.Body)
		}
	}
	health := runtime.invoke(t, request("GET", "/health/details", nil, ""))
	if health.StatusCode != 200 || !strings.Contains(health.Body, `"version":"7"`) {
		t.Fatalf("health: %d %s", health.StatusCode, health.Body)
	}
}

// nowhere is an address on which nothing listens.
const nowhere = "127.0.0.1:1"

func TestWithoutRedisItemsAreServedFromTheDatabase(t *testing.T) {
	runtime, _ := startAPI(t, &fakeAWS{}, "REDIS_ADDR="+nowhere)
	id := map[string]string{"id": "a"}
	for i, step := range []struct {
		method, body, want string
		status             int
	}{
		{"PUT", `1`, `"body":1`, 201}, {"GET", "", `"body":1`, 200}, {"PUT", `2`, `"body":2`, 200}, {"GET", "", `"body":2`, 200}, {"DELETE", "", "", 204}, {"GET", "", "", 404},
	} {
		began := time.Now()
		response := runtime.invoke(t, request(step.method, "/items/{id}", id, step.body))
		if response.StatusCode != step.status || !strings.Contains(response.Body, step.want) || step.method == "GET" && response.Headers["X-Cache"] != "bypass" {
			t.Fatalf("step %d, %s: %+v", i, step.method, response)
		}
		if took := time.Since(began); took > 10*time.Second { // with the start of the function; waiting for Redis would take all of its time
			t.Fatalf("step %d took %s", i, took)
		}
	}
	if health := runtime.invoke(t, request("GET", "/health/details", nil, "")); health.StatusCode != 503 || !strings.Contains(health.Body, `"cache":{"status":"down"`) || !strings.Contains(health.Body, `"database":{"status":"ok"`) {
		t.Fatalf("health: %+v", health)
	}
}

func TestWithoutTheDatabaseTheResponseIs503(t *testing.T) {
	runtime, _ := startAPI(t, &fakeAWS{}, "DB_HOST=127.0.0.1", "DB_PORT=1")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		response := runtime.invoke(t, request(method, "/items/{id}", map[string]string{"id": "a"}, "1"))
		if response.StatusCode != 503 || response.Headers["Retry-After"] == "" || strings.Contains(response.Body, "127.0.0.1") {
			t.Fatalf("%s: %+v", method, response)
		}
	}
}

func TestServerCertificatesAreVerified(t *testing.T) {
	tls := []string{
		"REDIS_TLS=true", "REDIS_CLUSTER=false", "REDIS_ADDR=" + testservices.Address(t, "TEST_REDIS_TLS_ADDR"),
		"DB_SSLMODE=verify-full", "DB_PORT=" + testservices.Address(t, "TEST_POSTGRES_TLS_PORT"),
	}
	t.Run("certificates of a known authority are accepted", func(t *testing.T) {
		runtime, _ := startAPI(t, &fakeAWS{}, append(tls, "SSL_CERT_FILE="+testservices.Address(t, "TEST_CA_FILE"))...)
		if health := runtime.invoke(t, request("GET", "/health/details", nil, "")); health.StatusCode != 200 {
			t.Fatalf("health: %+v", health)
		}
	})
	t.Run("certificates of an unknown authority are rejected", func(t *testing.T) {
		runtime, _ := startAPI(t, &fakeAWS{}, tls...)
		if health := runtime.invoke(t, request("GET", "/health/details", nil, "")); strings.Count(health.Body, `"status":"down"`) != 3 {
			t.Fatalf("health: %+v", health)
		}
	})
}

func TestALargeFileIsStreamedInLittleMemory(t *testing.T) {
	const limit = 64 << 20
	aws := &fakeAWS{size: 180 << 20}
	runtime, process := startAPI(t, aws)
	runtime.Invoke(request("GET", "/files/{key+}", map[string]string{"key": "large"}, ""), func(r *http.Request) {
		if got := r.Header.Get("Content-Type"); got != "application/vnd.awslambda.http-integration-response" || r.ContentLength != -1 {
			t.Fatalf("the response is %s of %d bytes", got, r.ContentLength)
		}
		prelude := readPrelude(t, r.Body)
		if prelude.StatusCode != 200 || prelude.Headers["Content-Length"] != fmt.Sprint(aws.size) || prelude.Headers["Etag"] != `"E1"` {
			t.Fatalf("prelude %+v", prelude)
		}
		got, want, buffer := make([]byte, 1<<20), &pattern{size: aws.size}, make([]byte, 1<<20)
		for at := int64(0); at < aws.size; at += int64(len(got)) {
			_, _ = want.Read(buffer)
			if _, err := io.ReadFull(r.Body, got); err != nil || !bytes.Equal(got, buffer) {
				t.Fatalf("the MiB from %d on is not the one that was sent: %v", at, err)
			}
		}
	})
	peak := peakResident(t, process)
	t.Logf("resident: %d MiB at most", peak>>20)
	if peak > limit {
		t.Fatalf("%d bytes resident while streaming, allowed are %d", peak, limit)
	}
}

func readPrelude(t *testing.T, body io.Reader) (prelude events.APIGatewayProxyResponse) {
	t.Helper()
	var text []byte
	for one := make([]byte, 1); !strings.HasSuffix(string(text), "\x00\x00\x00\x00\x00\x00\x00\x00"); {
		if _, err := io.ReadFull(body, one); err != nil {
			t.Fatal(err)
		}
		text = append(text, one...)
	}
	if err := json.Unmarshal(text[:len(text)-8], &prelude); err != nil {
		t.Fatal(err)
	}
	return prelude
}

// peakResident returns the most resident memory that a process had, in bytes.
func peakResident(t *testing.T, cmd *exec.Cmd) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(line, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

func TestAnInvalidEnvironmentIsReportedToTheRuntimeAPI(t *testing.T) {
	runtime, address := testservices.NewRuntimeAPI(t)
	cmd := testservices.Start(t, "api", address)
	select {
	case report := <-runtime.Failed:
		if !strings.Contains(report, "DB_HOST") || !strings.Contains(report, "BUCKET") {
			t.Fatalf("reported %s", report)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was reported")
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the function ended well")
	}
}

func TestNothingIsConnectedBeforeTheFirstRequest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	touched := make(chan struct{}, 1)
	go func() {
		if _, err := listener.Accept(); err == nil {
			touched <- struct{}{}
		}
	}()
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	runtime, address := testservices.NewRuntimeAPI(t)
	testservices.Start(t, "api", address,
		"DB_HOST="+host, "DB_PORT="+port, "DB_NAME=db", "DB_SECRET_ARN=arn", "REDIS_ADDR="+host+":"+port, "BUCKET=bucket",
		"CACHE_TTL=1m", "STALE_TTL=1m", "NEGATIVE_TTL=1m", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=http://"+host+":"+port,
		"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret")
	runtime.Invoke(request("GET", "/", nil, ""), func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	select {
	case <-touched:
		t.Fatal("a request that needs no part reached for one")
	default:
	}
}
