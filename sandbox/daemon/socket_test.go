package daemon

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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
