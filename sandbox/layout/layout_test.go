package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	repo := t.TempDir()
	inside := filepath.Join(repo, "sandbox", "cli")
	if err := os.MkdirAll(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(repo, "sandbox", "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ dir, port, network, warmUp, gateway, wrong string }{
		"the repository is found from a subdirectory":       {dir: inside, gateway: "127.0.0.1:4566"},
		"the ports can be moved":                            {dir: repo, port: "5566", gateway: "127.0.0.1:5566"},
		"a port that is not a number is rejected":           {dir: repo, port: "http", wrong: "SANDBOX_PORT=http"},
		"a privileged port is rejected":                     {dir: repo, port: "80", wrong: "SANDBOX_PORT=80"},
		"a port with fewer than three above it is rejected": {dir: repo, port: "65533", wrong: "SANDBOX_PORT=65533"},
		"the network can be moved":                          {dir: repo, network: "127.78", gateway: "127.0.0.1:4566"},
		"a network that is not loopback is rejected":        {dir: repo, network: "10.77", wrong: "SANDBOX_NET=10.77"},
		"three octets of a network are rejected":            {dir: repo, network: "127.77.1", wrong: "SANDBOX_NET=127.77.1"},
		"a warm-up that is not a duration is rejected":      {dir: repo, warmUp: "10", wrong: "SANDBOX_PROXY_WARMUP=10"},
		"a directory outside a repository is rejected":      {dir: filepath.Dir(repo), wrong: "not inside the repository"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SANDBOX_PORT", c.port)
			t.Setenv("SANDBOX_NET", c.network)
			t.Setenv("SANDBOX_PROXY_WARMUP", c.warmUp)
			l, err := Find(c.dir)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("error %v, want %q in it", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.Repo != repo || l.GatewayAddr() != c.gateway {
				t.Errorf("repository %s, gateway %s, want %s and %s", l.Repo, l.GatewayAddr(), repo, c.gateway)
			}
		})
	}
}

func TestPrivateDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tmp")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := PrivateDir(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("an existing directory that others can enter has mode %v, %v", info.Mode(), err)
	}
}
