package build

import (
	"os"
	"path/filepath"
	"testing"
)

// tree writes files into a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tool")
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func key(t *testing.T, facts []string, files map[string]string) string {
	t.Helper()
	k, err := sources(facts, tree(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSources(t *testing.T) {
	base := map[string]string{"main.go": "package main", "sub/a.go": "package sub", "go.sum": "x"}
	with := func(name, content string) map[string]string {
		files := map[string]string{name: content}
		for n, c := range base {
			if _, ok := files[n]; !ok {
				files[n] = c
			}
		}
		return files
	}
	for name, c := range map[string]struct {
		facts []string
		files map[string]string
		same  bool
	}{
		"the same files elsewhere give the same key":      {[]string{"go1"}, base, true},
		"another content gives another key":               {[]string{"go1"}, with("sub/a.go", "package b"), false},
		"a new file gives another key":                    {[]string{"go1"}, with("sub/b.go", ""), false},
		"another dependency gives another key":            {[]string{"go1"}, with("go.sum", "y"), false},
		"another compiler gives another key":              {[]string{"go2"}, base, false},
		"a test is not part of what is built":             {[]string{"go1"}, with("main_test.go", "package main"), true},
		"test data is not part of what is built":          {[]string{"go1"}, with("testdata/x", "1"), true},
		"documentation is not part of what is built":      {[]string{"go1"}, with("README.md", "# hi"), true},
		"an editor's hidden file is no part of it either": {[]string{"go1"}, with(".main.go.swp", "1"), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := key(t, c.facts, c.files) == key(t, []string{"go1"}, base); got != c.same {
				t.Errorf("same key: %v, want %v", got, c.same)
			}
		})
	}
	t.Run("a missing directory is an error", func(t *testing.T) {
		if _, err := sources(nil, filepath.Join(t.TempDir(), "none")); err == nil {
			t.Error("no error")
		}
	})
}
