package dataplane

import (
	"os"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// foreign returns a directory of another user: at path, or one of root's if the test does not run as root.
func foreign(t *testing.T, path string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return "/"
	}
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheDirectoryOutsideBelongsToTheUser(t *testing.T) {
	for name, plant := range map[string]func(t *testing.T, path string) string{
		"another user's directory": foreign,
		"a link": func(t *testing.T, path string) string {
			t.Helper()
			if err := os.Symlink(t.TempDir(), path); err != nil {
				t.Fatal(err)
			}
			return path
		},
		"a file": func(t *testing.T, path string) string {
			t.Helper()
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		},
	} {
		t.Run(name+" is rejected", func(t *testing.T) {
			t.Setenv(layout.SharedTempName, t.TempDir())
			path := plant(t, Outside("/root of a sandbox"))
			if err := createOutside(path); err == nil || !strings.Contains(err.Error(), path+" is not a directory of this user") {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("the directory of an earlier sandbox is reused", func(t *testing.T) {
		t.Setenv(layout.SharedTempName, t.TempDir())
		for range 2 {
			if err := createOutside(Outside("/root of a sandbox")); err != nil {
				t.Fatal(err)
			}
		}
	})
}
