package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

const testRegion = "eu-west-1"

// ministack is the emulator of the test binary, with AUTH=true.
var ministack *url.URL

func TestMain(m *testing.M) {
	stop, err := startEmulator()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gateway tests need the emulator:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// emulatorKey is the key that the emulator requires.
const emulatorKey = "key of the tests"

// emulatorPython returns the Python interpreter that has ministack.
func emulatorPython() (string, error) {
	python := os.Getenv("MINISTACK_PYTHON")
	if python == "" {
		python = filepath.Join("..", "..", ".sandbox", "venv", "bin", "python")
	}
	path, err := filepath.Abs(python)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("there is no Python with ministack at %s: run make up once, or set MINISTACK_PYTHON", path)
	}
	return path, nil
}

func startEmulator() (func(), error) {
	python, err := emulatorPython()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gateway-emulator-")
	if err != nil {
		return nil, err
	}
	var output bytes.Buffer
	launcher, err := filepath.Abs(filepath.Join("..", "ministack", "authorize.py"))
	if err != nil {
		return nil, err
	}
	command := exec.Command(python, launcher, os.DevNull)
	command.Dir, command.Stdout, command.Stderr = dir, &output, &output
	command.Env = append(os.Environ(), "AUTH=true", "EMULATOR_KEY="+emulatorKey, "GATEWAY_PORT="+strconv.Itoa(int(address.Port())), "BIND_HOST="+address.Addr().String(),
		"MINISTACK_REGION="+testRegion, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_SESSION_TOKEN=",
		"LAMBDA_STRICT=1", "IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0", "S3_DATA_DIR="+dir)
	if err := command.Start(); err != nil {
		return nil, err
	}
	stop := func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = os.RemoveAll(dir)
	}
	ministack = &url.URL{Scheme: "http", Host: address.String()}
	if err := waitReady(ministack.JoinPath("_ministack", "health").String()); err != nil {
		stop()
		return nil, fmt.Errorf("%w; its output: %s", err, output.String())
	}
	return stop, nil
}

// readsEmulator has go test run the package again when a module of the emulator has changed: it caches a result until a
// file changes that a test, not TestMain, has checked.
func readsEmulator(t *testing.T) {
	t.Helper()
	modules, err := filepath.Glob(filepath.Join("..", "ministack", "*.py"))
	if err != nil || len(modules) == 0 {
		t.Fatal("the emulator has no modules", err)
	}
	for _, module := range modules {
		if _, err := os.Stat(module); err != nil {
			t.Fatal(err)
		}
	}
}

func waitReady(address string) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if status, err := callEmulator(http.MethodGet, address, emulatorKey); err == nil && status == http.StatusOK {
			return nil
		}
	}
	return errors.New("ministack did not respond within a minute")
}

// callEmulator calls the emulator directly and returns the status.
func callEmulator(method, address, key string) (int, error) {
	r, err := http.NewRequest(method, address, nil)
	if err != nil {
		return 0, err
	}
	if key != "" {
		r.Header.Set(emulator.KeyHeader, key)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// freeAddress returns a free port. It is not reserved until the emulator listens on it, so it is not on 127.0.0.1,
// where connections and other tests use free ports.
func freeAddress() (netip.AddrPort, error) {
	listener, err := net.Listen("tcp", "127.76.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).AddrPort(), nil
}

// testEnv is a gateway under test.
type testEnv struct {
	gateway *Gateway
	server  *httptest.Server
	plane   *fakePlane
	invoker *fakeInvoker
}

// accountOwner is the test whose resources the emulator has.
var accountOwner string

// emptyAccount deletes the resources of other tests from the emulator: a gateway corrects only the resources that it
// has seen created.
func emptyAccount(t *testing.T) {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	if accountOwner == test {
		return
	}
	status, err := callEmulator(http.MethodPost, ministack.JoinPath("_ministack", "reset").String(), emulatorKey)
	if err != nil || status != http.StatusOK {
		t.Fatalf("reset the emulator: status %d, %v", status, err)
	}
	accountOwner = test
	t.Cleanup(func() { accountOwner = "" })
}

// newTestEnv starts a gateway for the upstream, or for the emulator if it is nil, with a changed configuration.
func newTestEnv(t *testing.T, upstream *url.URL, change ...func(*Config)) *testEnv {
	t.Helper()
	if upstream == nil {
		upstream = ministack
		readsEmulator(t)
		emptyAccount(t)
	}
	s := &testEnv{plane: &fakePlane{served: map[string]netip.AddrPort{}}, invoker: &fakeInvoker{}}
	server := httptest.NewUnstartedServer(nil)
	public := &url.URL{Scheme: "http", Host: server.Listener.Addr().String()}
	config := Config{
		Upstream: upstream, UpstreamKey: emulatorKey, PublicURL: public, AccessKeyID: "test", SecretAccessKey: "test", Region: testRegion,
		Dir: filepath.Join(t.TempDir(), "code"), Plane: s.plane, Invoker: s.invoker,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, c := range change {
		c(&config)
	}
	gateway, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	gateway.config.Limits = call.Limits{Quotas: ampleQuotas(gateway)}
	gateway.account.Limits.Set(gateway.config.Limits)
	server.Config.Handler = gateway
	server.Start()
	t.Cleanup(server.Close)
	s.gateway, s.server = gateway, server
	return s
}

// config is the SDK configuration of the account's administrator.
func (s *testEnv) config() aws.Config { return s.configOf("test", "test", "") }

// client calls the gateway as the account's administrator.
func (s *testEnv) client() *emulator.Client {
	client := *s.gateway.account.Emulator
	client.Upstream = *s.gateway.config.PublicURL
	return &client
}

func (s *testEnv) configOf(id, secret, token string) aws.Config {
	return aws.Config{
		Region: testRegion, BaseEndpoint: aws.String(s.server.URL),
		Credentials:      credentials.NewStaticCredentialsProvider(id, secret, token),
		RetryMaxAttempts: 1, HTTPClient: bufferedBodies{awshttp.NewBuildableClient()},
	}
}

// bufferedBodies is an HTTP client that buffers request bodies. The SDK closes its bodies when the response begins.
// If the transport is still checking for the body's end, that closes the connection and fails the response.
type bufferedBodies struct{ client aws.HTTPClient }

func (c bufferedBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.client.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	sent := r.WithContext(r.Context())
	sent.Body = io.NopCloser(bytes.NewReader(body))
	return c.client.Do(sent)
}

// fakePlane gives every resource an address and records the calls. It has no data: tests of restores use the real one.
type fakePlane struct {
	dataplane.Backup
	mu       sync.Mutex
	served   map[string]netip.AddrPort
	clusters []dataplane.Cluster
	proxies  []string                                      // "name -> cluster"
	password func(context.Context, string) (string, error) // of the last proxy
	pending  func() bool                                   // of the last proxy
	caches   []dataplane.Cache
	removed  []string
	backedUp []string // clusters
	fail     error
}

func (p *fakePlane) address(key string, port uint16) (netip.AddrPort, error) {
	if p.fail != nil {
		return netip.AddrPort{}, p.fail
	}
	if _, ok := p.served[key]; !ok {
		p.served[key] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 99, 0, byte(len(p.served) + 1)}), port)
	}
	return p.served[key], nil
}

func (p *fakePlane) EnsureCluster(_ context.Context, spec dataplane.Cluster) (netip.AddrPort, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clusters = append(p.clusters, spec)
	return p.address("cluster "+spec.ID, 5432)
}

func (p *fakePlane) EnsureProxy(_ context.Context, spec dataplane.Proxy) (netip.AddrPort, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.proxies = append(p.proxies, spec.Name+" -> "+spec.Cluster)
	p.password, p.pending = spec.Password, spec.Pending
	return p.address("proxy "+spec.Name, 5432)
}

func (p *fakePlane) EnsureCache(_ context.Context, spec dataplane.Cache) (netip.AddrPort, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.caches = append(p.caches, spec)
	return p.address("cache "+spec.ID, 6379)
}

func (p *fakePlane) remove(what string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removed = append(p.removed, what)
	return nil
}

func (p *fakePlane) RemoveCluster(_ context.Context, id string, _ dataplane.Keep) error {
	return p.remove("cluster " + id)
}
func (p *fakePlane) RemoveProxy(_ context.Context, name string) error {
	return p.remove("proxy " + name)
}
func (p *fakePlane) RemoveCache(_ context.Context, id string) error { return p.remove("cache " + id) }

func (p *fakePlane) BackUp(_ context.Context, cluster string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.backedUp = append(p.backedUp, cluster)
	return p.fail
}
func (p *fakePlane) Restorable(string) (dataplane.Window, bool) {
	return dataplane.Window{}, false
}
func (p *fakePlane) RemoveBackups(string) error                         { return p.fail }
func (p *fakePlane) TakeSnapshot(context.Context, string, string) error { return p.fail }
func (p *fakePlane) RemoveSnapshot(string) error                        { return p.fail }

// fakeInvoker returns a response or an error depending on the payload, and records the requests.
type fakeInvoker struct {
	mu       sync.Mutex
	received []lambdahost.Request
}

func (i *fakeInvoker) Invoke(_ context.Context, r lambdahost.Request) (lambdahost.Response, error) {
	i.mu.Lock()
	i.received = append(i.received, r)
	i.mu.Unlock()
	response := lambdahost.Response{RequestID: "req-1", ExecutedVersion: "7", Payload: r.Payload, LogTail: []byte("the log")}
	switch {
	case strings.Contains(string(r.Payload), "throttle"):
		return response, &lambdahost.Error{Status: 429, Type: "TooManyRequestsException", Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", Message: "Rate Exceeded."}
	case strings.Contains(string(r.Payload), "fail"):
		response.FunctionError, response.Payload = "Unhandled", []byte(`{"errorType":"Boom","errorMessage":"failed"}`)
	}
	return response, nil
}

func (i *fakeInvoker) InvokeStream(_ context.Context, r lambdahost.Request) (*lambdahost.Stream, error) {
	if strings.Contains(string(r.Payload), "fail at once") {
		return nil, &lambdahost.FunctionError{Type: "Boom", Message: "failed", Payload: []byte(`{"errorType":"Boom"}`)}
	}
	reader, writer := io.Pipe()
	go func() {
		for _, chunk := range []string{"one ", "two ", "three"} {
			_, _ = writer.Write([]byte(chunk))
		}
		if strings.Contains(string(r.Payload), "fail") {
			_ = writer.CloseWithError(&lambdahost.FunctionError{Type: "Boom", Payload: []byte(`{"errorType":"Boom"}`)})
			return
		}
		_ = writer.Close()
	}()
	return &lambdahost.Stream{RequestID: "req-2", ExecutedVersion: "7", Body: reader}, nil
}

func (i *fakeInvoker) requests() []lambdahost.Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]lambdahost.Request(nil), i.received...)
}
