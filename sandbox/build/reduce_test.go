package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReplaceFiles(t *testing.T) {
	module, without, dir := t.TempDir(), t.TempDir(), t.TempDir()
	writeFiles(t, module, map[string]string{
		"go.mod": "module example\n", "cloud/client.go": "package cloud\n", "cloud/client_test.go": "package cloud\n",
		"cloud/testdata/x.go": "package x\n", "cloud/page.tmpl": "page", "own/go.mod": "module example/own\n", "own/own.go": "package own\n",
	})
	writeFiles(t, without, map[string]string{"cloud/client.go": "package cloud // without\n", "own/go.mod": "module example/own\n", "own/other.go": "package own\n"})
	if err := copyModule(module, dir); err != nil {
		t.Fatal(err)
	}
	if err := replaceFiles(without, dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"go.mod": "module example\n", "cloud/client.go": "package cloud // without\n", "cloud/page.tmpl": "page",
		"cloud/client_test.go": "", "cloud/testdata/x.go": "", "own/own.go": "", "own/other.go": "",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if string(got) != want || (err != nil) != (want == "") {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
	t.Run("a file that the module does not have is an error that names it", func(t *testing.T) {
		writeFiles(t, without, map[string]string{"cloud/renamed.go": "package cloud\n"})
		if err := replaceFiles(without, dir); err == nil || !strings.Contains(err.Error(), "cloud/renamed.go") {
			t.Errorf("error %v, want the file in it", err)
		}
	})
}
