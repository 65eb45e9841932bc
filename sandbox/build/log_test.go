package build

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/progress"
)

func TestTheCompilersOutputIsProgress(t *testing.T) {
	var file bytes.Buffer
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	printer := progress.New(out)
	log := &Log{file: &file, task: printer.Start("tool"), job: progress.NewForecast().Add(0)}
	log.expect(map[string]int64{"example/small": 1e6, "example/large": 1e6, "example/cached": 1e6})
	for _, text := range []string{"go: downloading example\nexample/sm", "all\n", "example/large\n# example/large\nlarge.go:1:1: wrong\n", "example/large\nend"} {
		if _, err := log.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log.task.Done(nil)
	printer.Close()
	t.Run("the log has what is not the first mention of an expected package", func(t *testing.T) {
		const want = "go: downloading example\n# example/large\nlarge.go:1:1: wrong\nexample/large\nend"
		if got := file.String(); got != want {
			t.Errorf("log %q, want %q", got, want)
		}
	})
	t.Run("the task shows how many are compiled", func(t *testing.T) {
		text, err := os.ReadFile(out.Name())
		if err != nil || !strings.Contains(string(text), "2 of 3 packages") {
			t.Errorf("printed %q, %v", text, err)
		}
	})
	t.Run("the rest is the third package and linking", func(t *testing.T) {
		if log.done != 2e6 || log.all != 3e6+linkWeight {
			t.Errorf("%d of %d are done", log.done, log.all)
		}
	})
}

func TestStalePackages(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GOCACHE", filepath.Join(dir, "cache"))
	t.Setenv("GOFLAGS", "-buildvcs=false")
	for name, content := range map[string]string{
		"go.mod":         "module example\n\ngo 1.26\n",
		"main.go":        "package main\n\nimport _ \"example/part\"\n\nfunc main() {}\n",
		"part/part.go":   "package part\n" + strings.Repeat("// comment\n", 1000),
		"part/p_test.go": "package part\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packages, err := stalePackages(t.Context(), job{temp: filepath.Join(dir, "tmp"), dir: dir, log: t.Output()}, ".")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := packages["example/part"], int64(packageWeight+13+11*1000); got != want {
		t.Errorf("a package of two files weighs %d, want %d by the one that is compiled", got, want)
	}
	if packages["runtime"] < packages["example/part"] {
		t.Errorf("with an empty cache, runtime weighs %d", packages["runtime"])
	}
}
