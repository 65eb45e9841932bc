package dev

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/didomi/serverless-api/internal/compile"
	"github.com/didomi/serverless-api/sandbox/child"
)

// newCommand writes a repository with a command of two packages under lambda and returns it.
func newCommand(t *testing.T, handler string) string {
	t.Helper()
	repo := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":                    "module example.com/function\n\ngo 1.26\n",
		"lambda/main.go":            "package main\n\nimport \"example.com/function/lambda/handler\"\n\nfunc main() { handler.Run() }\n",
		"lambda/handler/handler.go": handler,
	} {
		path := filepath.Join(repo, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return repo
}

func compileIn(ctx context.Context, t *testing.T, repo string) error {
	t.Helper()
	cmd, err := compile.Command(filepath.Join(repo, source), ".", architecture(), filepath.Join(t.TempDir(), "function"))
	if err != nil {
		t.Fatal(err)
	}
	return runGo(ctx, cmd, source, os.TempDir())
}

func TestWhatDoesNotCompileIsShownByFileAndLine(t *testing.T) {
	for name, test := range map[string]struct {
		handler string
		want    []string
	}{
		"a type error":   {"package handler\n\n// Run runs.\nfunc Run() { undefined() }\n", []string{"lambda/handler/handler.go:4:14: undefined: undefined"}},
		"a syntax error": {"package handler\n\nfunc Run() {\n", []string{"lambda/handler/handler.go:4:1: syntax error: unexpected EOF, expected }"}},
		"an import that does not exist": {"package handler\n\nimport _ \"example.com/function/none\"\n\nfunc Run() {}\n", []string{
			"lambda/handler/handler.go:3:8: no required module provides package example.com/function/none; to add it:", "\tgo get example.com/function/none"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := compileIn(t.Context(), t, newCommand(t, test.handler))
			var compiler *buildError
			if !errors.As(err, &compiler) || !slices.Equal(compiler.lines, test.want) {
				t.Errorf("%q, want %q", err, test.want)
			}
		})
	}
	t.Run("and what compiles is no error", func(t *testing.T) {
		if err := compileIn(t.Context(), t, newCommand(t, "package handler\n\nfunc Run() {}\n")); err != nil {
			t.Error(err)
		}
	})
}

func TestACancelledBuildLeavesNoProcessAndNoFile(t *testing.T) {
	repo := newCommand(t, "package handler\n\nfunc Run() {}\n")
	// Its cache is empty, so that go compiles the standard library for much longer than the test takes.
	t.Setenv("GOCACHE", t.TempDir())
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv(child.MarkerName, repo)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- compileIn(ctx, t, repo) }()
	running := func() int {
		pids, err := child.Marked(repo)
		if err != nil {
			t.Fatal(err)
		}
		return len(pids)
	}
	for running() < 2 { // go and a compiler
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the build ended with %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left in the directory of temporary files: %v, %v", left, err)
	}
	for range 500 {
		if running() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d processes are left", running())
}
