package api

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// command writes a small command with a migration into a new folder, its files dated then.
func command(t *testing.T, then time.Time, migration string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":          "module example.com/function\n\ngo 1.26\n",
		"main.go":         "package main\n\nimport \"example.com/function/text\"\n\nfunc main() { println(text.Hello) }\n",
		"text/text.go":    "package text\n\n// Hello is said.\nconst Hello = \"hello\"\n",
		"sql/0001_it.sql": migration,
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestBuildIsReproducible(t *testing.T) {
	const migration = "create table items ();"
	long := time.Date(2001, time.March, 4, 5, 6, 7, 0, time.UTC)
	firstInto, secondInto := t.TempDir(), t.TempDir()
	first, err := Build(command(t, long, migration), firstInto, "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "-buildvcs=true")
	second, err := Build(command(t, time.Now(), migration), secondInto, "x86_64")
	if err != nil {
		t.Fatal(err)
	}

	t.Run("the same source in two folders makes the same zip", func(t *testing.T) {
		a, b := read(t, first.Path), read(t, second.Path)
		if !bytes.Equal(a, b) || first.SHA256 != second.SHA256 {
			t.Errorf("zips differ: %s, %s", first.SHA256, second.SHA256)
		}
		if first.MigrationsSHA256 != second.MigrationsSHA256 {
			t.Errorf("migration hashes differ: %s, %s", first.MigrationsSHA256, second.MigrationsSHA256)
		}
	})
	t.Run("the zip lies in a place named after its content", func(t *testing.T) {
		if want := filepath.Join(firstInto, first.SHA256, "function.zip"); first.Path != want {
			t.Errorf("path %s, want %s", first.Path, want)
		}
	})
	t.Run("the zip holds one executable named bootstrap with a fixed time", func(t *testing.T) {
		content := read(t, first.Path)
		archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		if len(archive.File) != 1 {
			t.Fatalf("%d files, want 1", len(archive.File))
		}
		file := archive.File[0]
		if file.Method != zip.Deflate {
			t.Error("it is not compressed")
		}
		if file.Name != "bootstrap" || file.Mode() != 0o755 || !file.Modified.Equal(packedAt) {
			t.Errorf("got %s %v %v, want bootstrap -rwxr-xr-x %v", file.Name, file.Mode(), file.Modified, packedAt)
		}
	})
	t.Run("a changed migration changes its hash", func(t *testing.T) {
		changed, err := hashFiles(command(t, long, migration+" "), ".sql")
		if err != nil {
			t.Fatal(err)
		}
		if changed == first.MigrationsSHA256 {
			t.Error("the hash is the same")
		}
	})
	t.Run("nothing but the zip is left behind", func(t *testing.T) {
		entries, err := os.ReadDir(filepath.Dir(first.Path))
		if err != nil || len(entries) != 1 {
			t.Errorf("%v, %v; want the zip alone", entries, err)
		}
	})
}

// checkout copies what the function is built from into a new folder, its files dated then.
func checkout(t *testing.T, then time.Time) (function string) {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "lambda"), os.DirFS("../lambda")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := os.WriteFile(filepath.Join(root, name), read(t, filepath.Join("..", name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, then, then)
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "lambda")
}

func TestTheFunctionIsTheSameZipFromEveryCheckout(t *testing.T) {
	first, err := Build(checkout(t, time.Now()), t.TempDir(), "arm64")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Build(checkout(t, time.Date(2001, time.March, 4, 5, 6, 7, 0, time.UTC)), t.TempDir(), "arm64")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, first.Path), read(t, second.Path)) || first.SHA256 != second.SHA256 || first.MigrationsSHA256 != second.MigrationsSHA256 {
		t.Errorf("two checkouts make %s with migrations %s, and %s with %s", first.SHA256, first.MigrationsSHA256, second.SHA256, second.MigrationsSHA256)
	}
}

func TestBuildSaysWhatIsWrong(t *testing.T) {
	broken := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":  "module example.com/broken\n\ngo 1.26\n",
		"main.go": "package main\n\nfunc main() { missing() }\n",
	} {
		if err := os.WriteFile(filepath.Join(broken, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, source, architecture, want string }{
		{"an architecture that Lambda lacks", broken, "riscv", `architecture "riscv": want arm64 or x86_64`},
		{"a source that does not compile", broken, "x86_64", "undefined: missing"},
		{"a source that is not there", filepath.Join(broken, "nowhere"), "x86_64", "read the migrations"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Build(tt.source, t.TempDir(), tt.architecture)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
