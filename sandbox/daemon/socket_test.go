package daemon

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestADaemonThatEndsBeforeItReadsARequestIsNotRunning(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	if err := os.MkdirAll(filepath.Dir(l.Socket()), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := listenOn("unix", l.Socket())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 1)) // the request is there, and the rest of it is not read: the kernel resets the connection
		_ = conn.Close()
	}()
	if _, err := Ask(t.Context(), l); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v, want ErrNotRunning", err)
	}
	_ = listener.Close()
	if _, err := Ask(t.Context(), l); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v after the listener has ended, want ErrNotRunning", err)
	}
}

func TestSocketFarDown(t *testing.T) {
	socket := filepath.Join(t.TempDir(), strings.Repeat("directory/", 20), "daemon.sock")
	if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := listenOn("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, %v", info, err)
	}
	path, closeDirectory, err := shortPath(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer closeDirectory()
	conn, err := net.DialTimeout("unix", path, time.Minute)
	if err != nil {
		t.Fatalf("a socket whose path has %d bytes: %v", len(socket), err)
	}
	_ = conn.Close()
}
