package build

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// builderVariable makes the test binary build for the sandbox at its value, by
// a program whose own child outlives it.
const builderVariable = "TEST_BUILDER_OF"

func TestMain(m *testing.M) {
	root := os.Getenv(builderVariable)
	if root == "" {
		os.Exit(m.Run())
	}
	building := job{mark: mark(layout.Layout{Root: root}), temp: layout.Layout{Root: root}.BuildTemp(), log: os.Stdout}
	if err := building.run(context.Background(), "sh", "-c", "sleep 60 & echo built; wait"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestClear(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	builder := exec.Command(os.Args[0])
	builder.Env = append(os.Environ(), builderVariable+"="+l.Root)
	out, err := builder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := builder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "built\n" {
		t.Fatalf("the builder prints %q, %v", line, err)
	}
	if err := builder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = builder.Wait() // killed, as asked for
	t.Run("programs of a killed build are found", func(t *testing.T) {
		if left, err := child.Marked(mark(l)); err != nil || len(left) == 0 {
			t.Errorf("%v, %v", left, err)
		}
	})
	t.Run("a sandbox that starts or stops leaves them running", func(t *testing.T) {
		if n, err := child.KillMarked(t.Context(), l.Root, 0); err != nil || n != 0 {
			t.Errorf("%d ended, %v", n, err)
		}
	})
	t.Run("it ends once the next build clears it", func(t *testing.T) {
		if err := Clear(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		if left, err := child.Marked(mark(l)); err != nil || len(left) != 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}

func TestJob(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	t.Run("a program that fails has the reason in its log", func(t *testing.T) {
		var log bytes.Buffer
		err := job{mark: mark(l), temp: l.BuildTemp(), dir: l.Root, log: &log}.run(t.Context(), "sh", "-c", "echo why; exit 3")
		if err == nil || !strings.Contains(err.Error(), "exit status 3") || log.String() != "why\n" {
			t.Errorf("error %v, log %q", err, log.String())
		}
	})
	t.Run("one that is not there is named", func(t *testing.T) {
		err := job{mark: mark(l), temp: l.BuildTemp(), dir: l.Root, log: io.Discard}.run(t.Context(), "no-such-program")
		if err == nil || !strings.Contains(err.Error(), "no-such-program") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a cancelled program ends with its children", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		err := job{mark: mark(l), temp: l.BuildTemp(), dir: l.Root, log: io.Discard}.run(ctx, "sh", "-c", "sleep 60 & wait")
		if left, marked := child.Marked(mark(l)); err == nil || marked != nil || len(left) != 0 {
			t.Errorf("error %v, left %v, %v", err, left, marked)
		}
	})
}

func TestProgramIsLetBe(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	compiler, err := child.Start(child.Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"60"}, Env: []string{child.Marker(programMark(l))}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { compiler.Stop(0) })
	if err := Clear(t.Context(), l); err != nil || !compiler.Alive() {
		t.Errorf("a build that begins: error %v, the compiler runs %v", err, compiler.Alive())
	}
	if err := ClearProgram(t.Context(), l); err != nil {
		t.Error(err)
	}
	<-compiler.Done()
}

func TestPython(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "venv")
	step := pythonStep(layout.Layout{}, "venv", "servers", "requirements.txt", dir, filepath.Join("lib", "python3*", "server"))
	for _, name := range []string{filepath.Join("bin", "python"), filepath.Join("lib", "python3.11", "server")} {
		t.Run("an environment without "+name+" is not complete", func(t *testing.T) {
			if _, err := step.state(); err == nil {
				t.Error("no error")
			}
		})
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("with all of it it is", func(t *testing.T) {
		if _, err := step.state(); err != nil {
			t.Error(err)
		}
	})
}
