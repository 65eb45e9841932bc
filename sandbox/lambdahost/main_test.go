package lambdahost

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// binaries are two versions of the test function, built once into binaryDir.
var (
	binaries  [2][]byte
	binaryDir string
)

func TestMain(m *testing.M) {
	binaryDir = os.Getenv(daemonTest)
	build := binaryDir == ""
	if build {
		var err error
		if binaryDir, err = os.MkdirTemp("", "lambdahost-test-"); err != nil {
			panic(err)
		}
	}
	for i := range binaries {
		path := filepath.Join(binaryDir, fmt.Sprint(i))
		if build {
			buildFunction(path, i+1)
		}
		var err error
		if binaries[i], err = os.ReadFile(path); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if build {
		_ = os.RemoveAll(binaryDir)
	}
	os.Exit(code)
}

func buildFunction(path string, version int) {
	build := exec.Command("go", "build", "-ldflags", fmt.Sprintf("-s -w -X main.version=%d", version), "-tags", "lambda.norpc", "-o", path, "./testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build the test function: %v\n%s", err, out))
	}
}

// fakeSource is a control plane with one function.
type fakeSource struct {
	mu          sync.Mutex
	function    Function
	code        []byte
	credentials Credentials
	downloads   int
	starting    func() // called before each start of an environment; nil: not
}

func (s *fakeSource) Function(_ context.Context, name, qualifier string) (Function, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name != s.function.Name {
		return Function{}, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	f := s.function
	if qualifier != "" {
		f.ARN += ":" + qualifier
	}
	return f, nil
}

func (s *fakeSource) Code(context.Context, Function) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.downloads++
	return io.NopCloser(bytes.NewReader(s.code)), nil
}

func (s *fakeSource) Credentials(context.Context, Function) (Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starting != nil {
		s.starting()
	}
	return s.credentials, nil
}

// change changes the function like an update of its configuration or code.
func (s *fakeSource) change(edit func(*fakeSource)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(s)
}

// deploy sets the function's code to a zip of binaries[i].
func (s *fakeSource) deploy(i int) { s.put(zipped("bootstrap", binaries[i])) }

func (s *fakeSource) put(code []byte) {
	sum := sha256.Sum256(code)
	s.code, s.function.CodeSHA256 = code, base64.StdEncoding.EncodeToString(sum[:])
}

func zipped(name string, content []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Store}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(content); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// newFunction returns a control plane with the test function, and a host for it with a configuration that edit may
// change.
func newFunction(t *testing.T, edit func(*fakeSource, *Config)) (*Host, *fakeSource) {
	t.Helper()
	s := &fakeSource{
		function: Function{
			ARN: "arn:aws:lambda:eu-west-1:000000000000:function:f", Name: "f", Version: "1", Handler: "do",
			MemoryMB: 256, Timeout: 30 * time.Second, LogGroup: "/aws/lambda/f", Architecture: "x86_64",
			RoleARN: "arn:aws:iam::000000000000:role/f",
		},
		credentials: Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token", Expires: time.Now().Add(time.Hour)},
	}
	s.deploy(0)
	c := Config{Source: s, Dir: t.TempDir(), Region: "eu-west-1", AccountID: "000000000000"}
	if edit != nil {
		edit(s, &c)
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	h.Admit("test")
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, s
}
