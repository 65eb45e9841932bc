package dev

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// newTree returns a watched repository with these files.
func newTree(t *testing.T, files ...string) (*watcher, string) {
	t.Helper()
	root := t.TempDir()
	for _, file := range files {
		write(t, filepath.Join(root, file))
	}
	w, err := watch(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	return w, root
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// wantSaved waits for batches until all files were reported, and fails for any other file.
func wantSaved(t *testing.T, w *watcher, want ...string) {
	t.Helper()
	left := slices.Clone(want)
	for len(left) > 0 {
		select {
		case batch := <-w.saved:
			for _, file := range batch {
				if !slices.Contains(want, file) {
					t.Fatalf("%s was reported, want %v", file, want)
				}
				left = slices.DeleteFunc(left, func(f string) bool { return f == file })
			}
		case err := <-w.failed:
			t.Fatal(err)
		case <-time.After(30 * time.Second):
			t.Fatalf("not reported: %v", left)
		}
	}
}

func TestSavesAreReported(t *testing.T) {
	for name, test := range map[string]struct {
		save func(t *testing.T, root string)
		want []string
	}{
		"a file that is written in place": {func(t *testing.T, root string) {
			write(t, filepath.Join(root, "lambda", "main.go"))
		}, []string{"lambda/main.go"}},
		"a temporary file that is renamed to the saved one": {func(t *testing.T, root string) {
			write(t, filepath.Join(root, "lambda", ".main.go.tmp"))
			rename(t, filepath.Join(root, "lambda", ".main.go.tmp"), filepath.Join(root, "lambda", "main.go"))
		}, []string{"lambda/main.go"}},
		"a backup that is renamed before the file is written again": {func(t *testing.T, root string) {
			rename(t, filepath.Join(root, "lambda", "main.go"), filepath.Join(root, "lambda", "main.go~"))
			write(t, filepath.Join(root, "lambda", "main.go"))
		}, []string{"lambda/main.go"}},
		"a file in a new directory below a new one": {func(t *testing.T, root string) {
			write(t, filepath.Join(root, "queue", "internal", "queue.go"))
		}, []string{"queue/internal/queue.go"}},
		"a directory that is moved into the tree": {func(t *testing.T, root string) {
			write(t, filepath.Join(root, ".new", "new.go"))
			rename(t, filepath.Join(root, ".new"), filepath.Join(root, "new"))
		}, []string{"new/new.go"}},
		"a deleted file": {func(t *testing.T, root string) {
			if err := os.Remove(filepath.Join(root, "lambda", "main.go")); err != nil {
				t.Fatal(err)
			}
		}, []string{"lambda/main.go"}},
		"a file of the sandbox": {func(t *testing.T, root string) {
			write(t, filepath.Join(root, "sandbox", "ministack", "requirements.txt"))
		}, []string{"sandbox/ministack/requirements.txt"}},
		"a burst of files": {func(t *testing.T, root string) {
			for _, file := range []string{"a.go", "b.go", "c.sql", "d.yaml", "a.go"} {
				write(t, filepath.Join(root, "lambda", file))
			}
		}, []string{"lambda/a.go", "lambda/b.go", "lambda/c.sql", "lambda/d.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, root := newTree(t, "lambda/main.go")
			test.save(t, root)
			wantSaved(t, w, test.want...)
		})
	}
}

func TestFilesThatNothingIsBuiltFromAreNotReported(t *testing.T) {
	w, root := newTree(t, "lambda/main.go", "docs/page.go", ".git/HEAD", "lambda/testdata/x.go", "lambda/pins.txt", "sandbox/main_test.go")
	for _, file := range []string{
		"lambda/main_test.go", "lambda/README.md", "lambda/.main.go.swp", "lambda/4913", "lambda/main.go~", "lambda/#main.go#",
		"docs/page.go", ".git/index.go", "lambda/testdata/x.go", "lambda/pins.txt", "sandbox/main_test.go",
	} {
		write(t, filepath.Join(root, file))
	}
	if err := os.Chmod(filepath.Join(root, "lambda", "main.go"), 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "last.go")) // reported after all before it
	wantSaved(t, w, "last.go")
}

func TestEveryFileIsReportedWhenTheKernelHasLostEvents(t *testing.T) {
	w, _ := newTree(t, "main.go", "lambda/main.go", "docs/page.go", "sandbox/main.go")
	w.notes.Errors <- fsnotify.ErrEventOverflow
	wantSaved(t, w, "main.go", "lambda/main.go")
}

func TestABurstIsReportedAtOnce(t *testing.T) {
	w, root := newTree(t, "lambda/main.go")
	for range 50 {
		write(t, filepath.Join(root, "lambda", "main.go"))
	}
	batches := 0
	for quietSince := time.Now(); time.Since(quietSince) < 5*quiet; {
		select {
		case <-w.saved:
			batches++
			quietSince = time.Now()
		case <-time.After(quiet):
		}
	}
	if batches == 0 || batches > 5 {
		t.Errorf("50 saves were reported in %d batches", batches)
	}
}
