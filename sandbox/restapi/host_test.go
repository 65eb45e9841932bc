package restapi

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// deployedFunction is a control plane with the function of lambdahost's tests.
type deployedFunction struct {
	function lambdahost.Function
	code     []byte
}

func (d *deployedFunction) Function(_ context.Context, name, _ string) (lambdahost.Function, error) {
	f := d.function
	f.ARN = name
	return f, nil
}

func (d *deployedFunction) Code(context.Context, lambdahost.Function) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(d.code)), nil
}

func (d *deployedFunction) Credentials(context.Context, lambdahost.Function) (lambdahost.Credentials, error) {
	return lambdahost.Credentials{}, nil
}

// buildFunction packages the function of lambdahost's tests with the handler "api" and a limit of 96 MiB.
func buildFunction(t *testing.T) *deployedFunction {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-ldflags", "-s -w -X main.version=1", "-tags", "lambda.norpc", "-o", path, "../lambdahost/testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the test function: %v\n%s", err, out)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(binary); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return &deployedFunction{code: b.Bytes(), function: lambdahost.Function{
		Name: "f", Version: "1", Handler: "api", MemoryMB: 96, Timeout: 30 * time.Second, LogGroup: "/aws/lambda/f",
		CodeSHA256: base64.StdEncoding.EncodeToString(sum[:]),
	}}
}

// TestAFunctionProcessServesTheRestAPI sends requests through the REST API
// and the Runtime API to a function process.
func TestAFunctionProcessServesTheRestAPI(t *testing.T) {
	host, err := lambdahost.New(lambdahost.Config{Source: buildFunction(t), Dir: t.TempDir(), Region: "eu-west-1", AccountID: "000000000000"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	f := newFixture(t, host)
	t.Run("buffered", func(t *testing.T) {
		a := f.send(t, "GET", "/api1/v1/items/7?q=1", "")
		var event map[string]any
		if err := json.Unmarshal([]byte(a.body), &event); err != nil || event["resource"] != "/items/{id}" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("a malformed response", func(t *testing.T) {
		if a := f.send(t, "GET", "/api1/v1/malformed", ""); a.status != 502 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("64 MiB, streamed in bounded memory", func(t *testing.T) { streamLarge(t, f) })
	t.Run("HEAD of a stream", func(t *testing.T) {
		if a := f.send(t, "HEAD", "/api1/v1/files/a/b?size=67108864", ""); a.status != 200 || a.header.Get("X-Key") != "a/b" {
			t.Errorf("%d %v", a.status, a.header)
		}
	})
}

func streamLarge(t *testing.T, f *fixture) {
	const size = 64 << 20
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/api1/v1/files/large?size=67108864", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 200 || strings.Join(resp.TransferEncoding, "") != "chunked" {
		t.Fatalf("%d, transfer encoding %v", resp.StatusCode, resp.TransferEncoding)
	}
	got, want := sha256.New(), sha256.New()
	var peak uint64
	for range size >> 20 {
		if _, err := io.CopyN(got, resp.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse)
	}
	if n, err := io.Copy(io.Discard, resp.Body); n != 0 || err != nil {
		t.Fatalf("%d bytes too many, %v", n, err)
	}
	if _, err := io.CopyN(want, rand.NewChaCha8([32]byte{1}), size); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Error("the bytes differ")
	}
	if peak > 48<<20 {
		t.Errorf("both layers and the client took %d MiB of heap for a stream of 64 MiB", peak>>20)
	}
}
