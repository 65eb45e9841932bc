package dataplane

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/didomi/serverless-api/sandbox/testnet"
)

// install returns an Installation with the test's own data and logs.
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

// plane returns a Plane on the test's own loopback network.
func plane(t *testing.T) (*Servers, *Authority) {
	t.Helper()
	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	servers, err := New(install(t), authority, testnet.Claim(t), nil)
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
