package build

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{"1.26": true, "1.26.8": true, "1.27rc1": true, "2.0": true, "1.25.9": false, "0.99": false, "devel": false} {
		t.Run(version+" against 1.26", func(t *testing.T) {
			if got := atLeast(version, "1.26"); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestPrerequisites(t *testing.T) {
	t.Run("everything that is missing is reported at once", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		err := Prerequisites(t.Context())
		if err == nil {
			t.Fatal("no error")
		}
		for _, tool := range []string{"go 1.26", "python 3.11", "make", "git", "curl"} {
			if !strings.Contains(err.Error(), tool) {
				t.Errorf("%s is not named in: %v", tool, err)
			}
		}
	})
	t.Run("a command that is ended meanwhile reports that, and no missing programs", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Prerequisites(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("this machine has them", func(t *testing.T) {
		if err := Prerequisites(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Version managers run programs with a PATH of their own, in which the same interpreter has another name.
func TestThePythonOfAnotherNameIsTheSame(t *testing.T) {
	found, err := findPython(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, create := range map[string]func(path string) error{
		"a link": func(path string) error { return os.Symlink(found.path, path) },
		"a shim": func(path string) error {
			return os.WriteFile(path, []byte("#!/bin/sh\nexec '"+found.path+"' \"$@\"\n"), 0o700)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := create(filepath.Join(dir, "python3")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			if path, err := exec.LookPath("python3"); err != nil || filepath.Dir(path) != dir {
				t.Fatal(path, err)
			}
			if got, err := findPython(t.Context()); err != nil || got != found {
				t.Errorf("%v, %v; want %v", got, err, found)
			}
		})
	}
}
