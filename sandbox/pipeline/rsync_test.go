package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// tree creates files in a new directory.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRsyncCopiesAsTheRunnerCallsIt(t *testing.T) {
	excludes := filepath.Join(t.TempDir(), "excludes")
	if err := os.WriteFile(excludes, []byte("/untracked\n/dir/new/\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		target []string // what is there already
		args   func(to string) []string
		want   []string
	}{
		"only the tracked files, next to files of the job": {
			[]string{"old"},
			func(to string) []string {
				return []string{"-a", "--delete-excluded", "--delete", "--exclude-from=" + excludes, "--exclude", ".state/", "./", to}
			},
			[]string{"a", "dir/b", "dir/untracked", "old"},
		},
		"the contents of a directory, next to existing files": {
			[]string{"old"}, func(to string) []string { return []string{"-a", "dir/.", to} }, []string{"b", "new/c", "old", "untracked"},
		},
		"artefacts with their paths": {
			nil,
			func(to string) []string {
				return []string{"--exclude", ".state/**", "-Ra", "a", "dir/new", to + "/."}
			},
			[]string{"a", "dir/new/c"},
		},
		"all but the reports": {
			nil, func(to string) []string { return []string{"--exclude=/dir/", "-a", "./.", to} }, []string{".state/x", "a", "untracked"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(tree(t, "a", "untracked", "dir/b", "dir/new/c", "dir/untracked", ".state/x"))
			to := tree(t, c.target...)
			if err := Rsync(c.args(to)); err != nil {
				t.Fatal(err)
			}
			if got := files(t, to); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	t.Run("what is missing is an error, the rest is copied", func(t *testing.T) {
		t.Chdir(tree(t, "a"))
		to := t.TempDir()
		if err := Rsync([]string{"-Ra", "missing", "a", to}); err == nil {
			t.Error("no error")
		}
		if got := files(t, to); !slices.Equal(got, []string{"a"}) {
			t.Errorf("%v, want a", got)
		}
	})
	t.Run("a file that may not be written to is replaced", func(t *testing.T) {
		t.Chdir(tree(t, "a"))
		to := tree(t, "a", "kept")
		// Root may write to every file: a second name of the file shows whether it was replaced.
		if err := os.Remove(filepath.Join(to, "a")); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Link(filepath.Join(to, "kept"), filepath.Join(to, "a")), os.Chmod(filepath.Join(to, "a"), 0o444)); err != nil {
			t.Fatal(err)
		}
		if err := Rsync([]string{"-a", "./.", to}); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"a": "a", "kept": "kept"} {
			if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(got) != want {
				t.Errorf("%s is %q, %v", name, got, err)
			}
		}
	})
	t.Run("what has its source's size and time is not copied again, all else is", func(t *testing.T) {
		t.Chdir(tree(t, "same", "sooner", "size"))
		to := tree(t, "same", "sooner", "size")
		when := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
		for name, text := range map[string]string{"same": "SAME", "sooner": "SOONER", "size": "another size"} {
			there := filepath.Join(to, name)
			if err := errors.Join(os.WriteFile(there, []byte(text), 0o600), os.Chtimes(name, when, when), os.Chtimes(there, when, when)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(filepath.Join(to, "sooner"), when, when.Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := Rsync([]string{"-a", "./.", to}); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"same": "SAME", "sooner": "sooner", "size": "size"} {
			if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(got) != want {
				t.Errorf("%s is %q, %v; want %q", name, got, err, want)
			}
		}
	})
	t.Run("the copy for containers is not made", func(t *testing.T) {
		t.Chdir(tree(t, "a"))
		to := t.TempDir()
		if err := Rsync([]string{"-a", "./", to + "/builds/.docker/"}); err != nil {
			t.Fatal(err)
		}
		if got := files(t, to); got != nil {
			t.Errorf("%v, want nothing", got)
		}
	})
	t.Run("an unknown option is rejected", func(t *testing.T) {
		if err := Rsync([]string{"-avz", "a", "b"}); err == nil {
			t.Error("no error")
		}
	})
}
