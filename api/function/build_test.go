package function

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// command writes a small command with another below it and a migration into a new folder, its files dated then.
func command(t *testing.T, then time.Time, migration string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":             "module example.com/function\n\ngo 1.26\n",
		"main.go":            "package main\n\nimport \"example.com/function/text\"\n\nfunc main() { println(text.Hello) }\n",
		"operations/main.go": "package main\n\nfunc main() { println(\"done\") }\n",
		"text/text.go":       "package text\n\n// Hello is said.\nconst Hello = \"hello\"\n",
		"sql/0001_it.sql":    migration,
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

	t.Run("the same source in two folders gives the same zips", func(t *testing.T) {
		same(t, first, second)
	})
	for name, path := range map[string]string{"API": first.APIPath, "operations": first.OperationsPath} {
		t.Run("the zip of the "+name+" is in a directory named by its hash", func(t *testing.T) {
			sum := sha256.Sum256(read(t, path))
			if want := filepath.Join(firstInto, hex.EncodeToString(sum[:]), "function.zip"); path != want {
				t.Errorf("path %s, want %s", path, want)
			}
		})
	}
	t.Run("a zip holds one executable named bootstrap with a fixed time", func(t *testing.T) {
		content := read(t, first.APIPath)
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
	t.Run("nothing but the zips is left behind", func(t *testing.T) {
		entries, err := filepath.Glob(filepath.Join(firstInto, "*", "*"))
		if err != nil || len(entries) != 2 {
			t.Errorf("%v, %v; want the two zips alone", entries, err)
		}
	})
	t.Run("a change of operations alone leaves the API's zip as it was", func(t *testing.T) {
		changed := command(t, long, migration)
		main := filepath.Join(changed, "operations", "main.go")
		if err := os.WriteFile(main, []byte("package main\n\nfunc main() { println(\"changed\") }\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		third, err := Build(changed, firstInto, "x86_64")
		if err != nil {
			t.Fatal(err)
		}
		if third.APIPath != first.APIPath || third.OperationsPath == first.OperationsPath || third.SHA256 == first.SHA256 {
			t.Errorf("built %+v after %+v", third, first)
		}
	})
}

// same fails the test if two builds differ.
func same(t *testing.T, first, second Code) {
	t.Helper()
	for _, paths := range [][2]string{{first.APIPath, second.APIPath}, {first.OperationsPath, second.OperationsPath}} {
		if !bytes.Equal(read(t, paths[0]), read(t, paths[1])) {
			t.Errorf("zips differ: %s", paths)
		}
	}
	if first.SHA256 != second.SHA256 || first.MigrationsSHA256 != second.MigrationsSHA256 {
		t.Errorf("hashes differ: %+v, %+v", first, second)
	}
}

// checkout copies what the function is built from into a new folder, its files dated then.
func checkout(t *testing.T, then time.Time) (function string) {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"docs", "lambda"} {
		if err := os.CopyFS(filepath.Join(root, name), os.DirFS(filepath.Join("..", "..", name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := os.WriteFile(filepath.Join(root, name), read(t, filepath.Join("..", "..", name)), 0o600); err != nil {
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

func TestTheFunctionsAreTheSameZipsFromEveryCheckout(t *testing.T) {
	first, err := Build(checkout(t, time.Now()), t.TempDir(), "arm64")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Build(checkout(t, time.Date(2001, time.March, 4, 5, 6, 7, 0, time.UTC)), t.TempDir(), "arm64")
	if err != nil {
		t.Fatal(err)
	}
	same(t, first, second)
}

func TestAFailedBuildReportsItsCause(t *testing.T) {
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
		{"an architecture that Lambda lacks", broken, "riscv", `architecture "riscv" must be arm64 or x86_64`},
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
