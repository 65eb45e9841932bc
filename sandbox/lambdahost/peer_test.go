package lambdahost

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// call calls a Runtime API from this process, which is not the function's. The timeout ends a call that waits for an
// event.
func call(t *testing.T, method, address, path string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(`{"forged":true}`))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// runtimeAddress is the Runtime API's address of the function's newest environment.
func runtimeAddress(t *testing.T, h *Host) string {
	t.Helper()
	for _, variable := range invokeAs[[]string](t, h, `{"do":"environment"}`) {
		if address, ok := strings.CutPrefix(variable, "AWS_LAMBDA_RUNTIME_API="); ok {
			return address
		}
	}
	t.Fatal("the function has no Runtime API")
	return ""
}

func TestTheRuntimeAPIRejectsOtherProcesses(t *testing.T) {
	h, _ := newFunction(t, func(_ *fakeSource, c *Config) { c.KeepRunning = true })
	address := runtimeAddress(t, h)
	for _, c := range []struct{ name, method, path string }{
		{"it cannot read the next event", http.MethodGet, "/2018-06-01/runtime/invocation/next"},
		{"it cannot respond instead of the function", http.MethodPost, "/2018-06-01/runtime/invocation/x/response"},
		{"it cannot report an error of the function", http.MethodPost, "/2018-06-01/runtime/init/error"},
		{"it cannot register an extension", http.MethodPost, "/2020-01-01/extension/register"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, body := call(t, c.method, address, c.path); status != http.StatusForbidden || !strings.Contains(body, "only the function's own processes") {
				t.Errorf("it gets %d %s", status, body)
			}
		})
	}
	t.Run("the function still works", func(t *testing.T) {
		if got := invokeAs[identity](t, h, `{"do":"identity"}`); got.PID == 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestTheProcessOfAConnection(t *testing.T) {
	other := exec.Command("/bin/sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	port := listener.Addr().(*net.TCPAddr).Port
	client, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for name, c := range map[string]struct {
		pid  int
		want bool
	}{
		"the process itself":         {os.Getpid(), true},
		"an ancestor of the process": {os.Getppid(), true},
		"another process":            {other.Process.Pid, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := belongsTo(conn, c.pid); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
	t.Run("both kernel interfaces find the socket", func(t *testing.T) {
		own, peer := ipv4(conn.RemoteAddr()), ipv4(conn.LocalAddr())
		if queried, found := peerSocket(conn), findSocket(own, peer); queried != found || found == "" {
			t.Errorf("sock_diag %q, tables %q", queried, found)
		}
	})
	t.Run("a closed connection belongs to no process", func(t *testing.T) {
		_ = client.Close()
		if belongsTo(conn, os.Getpid()) {
			t.Error("it belongs to this process")
		}
	})
}
