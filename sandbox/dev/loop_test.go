package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// newLoop returns a loop that counts its updates, and what it prints.
func newLoop(t *testing.T, updateErr error) (l *loop, updates *int, printed fmt.Stringer) {
	t.Helper()
	s, out := newScreen(false)
	updates = new(int)
	repo := t.TempDir()
	return &loop{
		config: Config{
			Stack: "dev", Tree: repo, Layout: layout.Layout{Repo: repo},
			Update: func(_ context.Context, report func(string)) error {
				*updates++
				report("10 resources")
				return updateErr
			},
		},
		screen: s, done: make(chan done, 1),
	}, updates, out
}

func TestAnUpdateIsConfirmedIfItLosesDataOrWhatWasSavedFails(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*loop)
		presses int
		asks    string // "": nothing
	}{
		{"a preview without losses needs no confirmation", func(*loop) {}, 1, ""},
		{"a loss of data", func(l *loop) { l.plan.warnings = []string{"this deletes Cluster db"} }, 2, "would lose data"},
		{"a preview that failed", func(l *loop) { l.plan.errors = "no such key" }, 2, "has failed"},
		{"code that does not compile", func(l *loop) { l.pending.function = true }, 2, "has failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, updates, out := newLoop(t, errors.New("stop here"))
			test.prepare(l)
			for range test.presses - 1 {
				l.press(t.Context(), 'u')
			}
			if l.running != nil {
				t.Fatal("an update has started")
			}
			l.press(t.Context(), 'u')
			<-l.done
			if *updates != 1 || !strings.Contains(out.String(), test.asks) {
				t.Errorf("%d updates\n%s", *updates, out)
			}
		})
	}
	t.Run("other keys do nothing", func(t *testing.T) {
		l, updates, _ := newLoop(t, nil)
		for _, key := range []byte("x\n U\x1b") {
			l.press(t.Context(), key)
		}
		if l.running != nil || *updates != 0 {
			t.Error("an update has started")
		}
	})
	t.Run("an update that failed can be tried again", func(t *testing.T) {
		l, updates, out := newLoop(t, errors.New("pulumi failed"))
		for range 2 {
			l.press(t.Context(), 'u')
			l.finish(t.Context(), <-l.done)
		}
		if *updates != 2 || strings.Count(out.String(), "pulumi failed") != 2 {
			t.Errorf("%d updates\n%s", *updates, out)
		}
	})
}

func TestAChangeOfTheSandboxIsSaidOnceAndStartsNothing(t *testing.T) {
	l, _, out := newLoop(t, nil)
	l.save(t.Context(), []string{"sandbox/gateway/gateway.go", "sandbox/ministack/requirements.txt"})
	l.save(t.Context(), []string{"sandbox/main.go"})
	if l.running != nil || strings.Count(out.String(), "sandbox/ has changed") != 1 || strings.Contains(out.String(), "saved") {
		t.Errorf("a job was started: %t\n%s", l.running != nil, out)
	}
	t.Run("and that of another working tree is not in use", func(t *testing.T) {
		l, _, out := newLoop(t, nil)
		l.config.Tree = t.TempDir()
		l.save(t.Context(), []string{"sandbox/main.go"})
		if l.running != nil || out.String() != "" {
			t.Errorf("a job was started: %t\n%s", l.running != nil, out)
		}
	})
}

func TestTheDirectoryOfBuiltCodeIsEmptiedAfterALoopThatWasKilled(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	if err := os.MkdirAll(l.Run(), 0o700); err != nil {
		t.Fatal(err)
	}
	dir, err := emptyDir(l, "dev")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go-1", "function")) // as a killed loop leaves it
	if dir, err = emptyDir(l, "dev"); err != nil {
		t.Fatal(err)
	}
	if all, err := os.ReadDir(l.Run()); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}
