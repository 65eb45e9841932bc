package dataplane

import (
	"os"
	"path/filepath"
	"testing"
)

// install is the real servers with data and logs of the test's own.
func install(t *testing.T) Installation {
	t.Helper()
	venv, err := filepath.Abs("../../.sandbox/venv")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	t.Cleanup(func() {
		if err := os.RemoveAll(Outside(root)); err != nil {
			t.Error(err)
		}
	})
	in, err := Locate(root, venv)
	if err != nil {
		t.Fatalf("%v\nrun first: .sandbox/bin/sandbox build servers", err)
	}
	return in
}

// plane is a Plane on a loopback network of the test's own. Packages are tested side by side: no other
// listens there, and daemon's search for a free network begins beyond.
func plane(t *testing.T, network string) (*Servers, *Authority) {
	t.Helper()
	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	servers, err := New(install(t), authority, network)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := servers.Close(); err != nil {
			t.Error(err)
		}
	})
	return servers, authority
}
