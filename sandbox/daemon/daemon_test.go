package daemon

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/testnet"
)

// The test binary is a daemon when these are set.
const (
	rootVariable    = "TEST_DAEMON_ROOT"
	portVariable    = "TEST_DAEMON_PORT"
	networkVariable = "TEST_DAEMON_NETWORK"
)

// repository is the checkout.
var repository = func() string {
	directory, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return directory
}()

func TestMain(m *testing.M) {
	root := os.Getenv(rootVariable)
	if root == "" {
		os.Exit(m.Run())
	}
	port, err := strconv.Atoi(os.Getenv(portVariable))
	if err == nil {
		l := layout.Layout{Repo: repository, Root: root, Port: port, Network: os.Getenv(networkVariable)}
		err = Serve(context.Background(), l, "eu-west-1", http.NotFoundHandler(), slog.New(slog.NewTextHandler(os.Stderr, nil)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// newLayout returns the layout of a sandbox for the test, with the servers already built.
func newLayout(t *testing.T) layout.Layout {
	t.Helper()
	venv := filepath.Join(repository, ".sandbox", "venv")
	if _, err := os.Stat(venv); err != nil {
		t.Fatalf("%v\nrun first: .sandbox/bin/sandbox build servers", err)
	}
	network := testnet.Claim(t)
	l := layout.Layout{Repo: repository, Root: t.TempDir(), Port: freePorts(t, network), Network: network}
	if err := os.Symlink(venv, l.Venv()); err != nil {
		t.Fatal(err)
	}
	return l
}

// freePorts finds the first of four consecutive free ports.
func freePorts(t *testing.T, network string) int {
	t.Helper()
	for base := 21000; base < 32000; base += 4 {
		if CheckPorts(layout.Layout{Port: base, Network: network}) == nil {
			return base
		}
	}
	t.Fatal("no four consecutive free ports")
	return 0
}

// process is a daemon in another process; ended is closed when it has ended.
type process struct {
	pid   int
	ended <-chan struct{}
}

// serve starts a daemon in another process and waits for its report.
func serve(t *testing.T, l layout.Layout) (process, Report) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), rootVariable+"="+l.Root, portVariable+"="+strconv.Itoa(l.Port), networkVariable+"="+l.Network, child.Marker(l.Root))
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for {
		report, err := Ask(t.Context(), l)
		if err == nil {
			return process{cmd.Process.Pid, ended}, report
		}
		select {
		case <-ended:
			t.Fatalf("the daemon ended: %s", log.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// empty waits until the sandbox has no processes.
func empty(t *testing.T, l layout.Layout) {
	t.Helper()
	var left []int
	for range 1000 {
		var err error
		if left, err = child.Marked(l.Root); err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("processes %v are left", left)
}

func TestDaemon(t *testing.T) {
	l := newLayout(t)
	first, report := serve(t, l)
	t.Run("all parts are healthy", func(t *testing.T) {
		if !report.Healthy || report.PID != first.pid || len(report.Parts) != 4 {
			t.Errorf("report %+v", report)
		}
		for _, part := range report.Parts {
			if part.Memory == 0 || part.Since.IsZero() {
				t.Errorf("part %+v has no memory or start time", part)
			}
		}
	})
	t.Run("the endpoint accepts the administrator's key", func(t *testing.T) {
		body := callSTS(t, report)
		if !strings.Contains(body, layout.Account) {
			t.Errorf("response %s", body)
		}
	})
	t.Run("only the owner can connect to the control socket", func(t *testing.T) {
		info, err := os.Stat(l.Socket())
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	})
	t.Run("the emulator's port rejects requests without the key", func(t *testing.T) {
		if err := serves(t.Context(), "http://"+l.EmulatorAddr()+"/_ministack/health", nil); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("only the owner can enter the directory of temporary files", func(t *testing.T) {
		if info, err := os.Stat(l.Temp()); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%v, %v", info, err)
		}
	})
	t.Run("a second daemon's error names the first one and the variable of the port", func(t *testing.T) {
		err := Serve(t.Context(), l, "eu-west-1", http.NotFoundHandler(), slog.Default())
		if err == nil {
			t.Fatal("served")
		}
		for _, word := range []string{l.GatewayAddr(), "pid " + strconv.Itoa(first.pid), "SANDBOX_PORT"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q is not in: %v", word, err)
			}
		}
	})
	t.Run("a killed daemon leaves no processes", func(t *testing.T) {
		if err := syscall.Kill(first.pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-first.ended // until then the kernel has its sockets, while its environment is gone already
		empty(t, l)
		if _, err := Ask(t.Context(), l); !errors.Is(err, ErrNotRunning) {
			t.Errorf("error %v, want ErrNotRunning", err)
		}
	})
	t.Run("the next daemon has a new account, and Stop stops it", func(t *testing.T) {
		_, next := serve(t, l)
		if next.Generation == report.Generation || next.AccessKeyID == report.AccessKeyID {
			t.Error("the account is the same")
		}
		if err := Stop(t.Context(), l, next.PID); err != nil {
			t.Fatal(err)
		}
		empty(t, l)
	})
}

// callSTS calls GetCallerIdentity with the access key of the report.
func callSTS(t *testing.T, r Report) string {
	t.Helper()
	const call = "Action=GetCallerIdentity&Version=2011-06-15"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.Endpoint, strings.NewReader(call))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	keys := aws.Credentials{AccessKeyID: r.AccessKeyID, SecretAccessKey: r.SecretAccessKey}
	if err := v4.NewSigner().SignHTTP(t.Context(), keys, request, fmt.Sprintf("%x", sha256.Sum256([]byte(call))), "sts", "eu-west-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
