package dataplane

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// PostgreSQL does not run as root. The sandbox of the user root runs it as nobody, who must be able to access its
// binaries and data.

// postgresUser is the user that PostgreSQL runs as, or nil for the current user.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user nobody: %w", err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user nobody has id %q: %w", nobody.Uid, err)
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user nobody has group %q: %w", nobody.Gid, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// reachable reports whether every user can traverse all directories above path.
func reachable(path string) bool {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// privateDir creates a directory that only the user can enter.
func privateDir(path string, user *syscall.Credential) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("create PostgreSQL's directory: %w", err)
	}
	return chown(path, user)
}

// chown changes the owner of a file or directory; it does nothing if the user is nil.
func chown(path string, user *syscall.Credential) error {
	if user == nil {
		return nil
	}
	if err := os.Chown(path, int(user.Uid), int(user.Gid)); err != nil {
		return fmt.Errorf("change the owner of PostgreSQL's files: %w", err)
	}
	return nil
}
