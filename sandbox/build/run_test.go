package build

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// recipe is a step that counts its builds.
type recipe struct {
	key   string
	makes []byte // its output; nil: none, without an error
	fails error
	made  atomic.Int32
}

func (r *recipe) step(output string) Step {
	return Step{
		Name: filepath.Base(output), Title: filepath.Base(output), Outputs: []string{output},
		Key: func(context.Context) (string, error) { return r.key, nil },
		Make: func(_ context.Context, log *Log) error {
			r.made.Add(1)
			if _, err := io.WriteString(log, "the compiler's last words\n"); err != nil {
				return err
			}
			if r.fails != nil || r.makes == nil {
				return r.fails
			}
			return os.WriteFile(output, r.makes, 0o600)
		},
	}
}

// unseen is a printer that writes to /dev/null.
func unseen(t *testing.T) *progress.Printer {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	printer := progress.New(null)
	t.Cleanup(func() {
		printer.Close()
		_ = null.Close()
	})
	return printer
}

func TestRun(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	output := filepath.Join(l.Root, "tool")
	r := &recipe{key: "one", makes: []byte("tool")}
	run := func(t *testing.T) error {
		t.Helper()
		return Run(t.Context(), l, unseen(t), []Step{r.step(output)}, nil)
	}
	made := func(t *testing.T, want int32) {
		t.Helper()
		if got := r.made.Swap(0); got != want {
			t.Errorf("built %d times, want %d", got, want)
		}
	}
	for _, c := range []struct {
		name string
		prep func() error
		want int32
	}{
		{"a tool is built at first", func() error { return nil }, 1},
		{"an unchanged tool is not built again", func() error { return nil }, 0},
		{"another key builds it again", func() error { r.key = "two"; return nil }, 1},
		{"a deleted output is built again", func() error { return os.Remove(output) }, 1},
		{"a truncated output is built again", func() error { return os.Truncate(output, 1) }, 1},
		{"an overwritten output is built again", func() error { return os.Chtimes(output, time.Time{}, time.Now().Add(time.Hour)) }, 1},
		{"the rebuilt tool is not built again", func() error { return nil }, 0},
		{"without its stamp, as after a killed build, it is built again", func() error { return os.RemoveAll(filepath.Join(l.Build(), "stamps")) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.prep(); err != nil {
				t.Fatal(err)
			}
			if err := run(t); err != nil {
				t.Fatal(err)
			}
			made(t, c.want)
		})
	}
	t.Run("a failed build shows the end of its log and leaves no stamp", func(t *testing.T) {
		r.key, r.fails = "three", errors.New("exit status 1")
		err := run(t)
		if err == nil || !strings.Contains(err.Error(), "the compiler's last words") {
			t.Errorf("error %v, want the log's end in it", err)
		}
		r.fails, r.key = nil, "two"
		if err := run(t); err != nil {
			t.Fatal(err)
		}
		made(t, 2)
	})
	t.Run("a build without its output fails and names the output", func(t *testing.T) {
		r.key, r.makes = "four", nil
		if err := os.Remove(output); err != nil {
			t.Fatal(err)
		}
		if err := run(t); err == nil || !strings.Contains(err.Error(), output) {
			t.Errorf("error %v, want the output in it", err)
		}
	})
}

func TestWhatRunningServersUseIsNotBuiltAgain(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	used := errors.New("in use")
	for _, c := range []struct {
		name    string
		serving bool
		inUse   error
		want    int32
	}{
		{"of a running sandbox", true, used, 0},
		{"of a sandbox that is down", true, nil, 1},
		{"other than other tools", false, used, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recipe{key: "one", makes: []byte("tool")}
			step := r.step(filepath.Join(t.TempDir(), "tool"))
			step.Name, step.Serving = c.name, c.serving
			err := Run(t.Context(), l, unseen(t), []Step{step}, func(context.Context, Step) error { return c.inUse })
			if got := r.made.Load(); got != c.want || (err != nil) != (c.want == 0) {
				t.Errorf("built %d times, %v; want %d", got, err, c.want)
			}
		})
	}
	t.Run("these are the servers of ministack, PostgreSQL and Redis", func(t *testing.T) {
		for _, step := range All(l) {
			if want := step.Name == "venv"; step.Serving != want {
				t.Errorf("step %s: %t", step.Name, step.Serving)
			}
		}
	})
}

func TestRunAfter(t *testing.T) {
	l, printer := layout.Layout{Root: t.TempDir()}, unseen(t)
	var met atomic.Bool
	var patience time.Duration
	meeting := make(chan struct{})
	step := func(name, after string, fails error) Step {
		return Step{
			Name: name, Title: name, After: after,
			Key: func(context.Context) (string, error) { return name, nil },
			Make: func(context.Context, *Log) error {
				select { // sends or receives, whichever is first
				case meeting <- struct{}{}:
					met.Store(true)
				case <-meeting:
				case <-time.After(patience):
				}
				return fails
			},
		}
	}
	for _, c := range []struct {
		name  string
		steps []Step
		meet  bool
		fails bool
	}{
		{"steps run side by side", []Step{step("a", "", nil), step("b", "", nil)}, true, false},
		{"a step waits for the one that it depends on", []Step{step("c", "", nil), step("d", "c", nil)}, false, false},
		{"one that fails is waited for all the same", []Step{step("e", "", errors.New("no")), step("f", "e", nil)}, false, true},
		{"one that is fresh is not waited for", []Step{step("g", "a", nil), step("h", "b", nil)}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			met.Store(false)
			if patience = 100 * time.Millisecond; c.meet {
				patience = 20 * time.Second
			}
			if err := Run(t.Context(), l, printer, c.steps, nil); (err != nil) != c.fails {
				t.Fatal(err)
			}
			if met.Load() != c.meet {
				t.Errorf("built at the same time: %v, want %v", met.Load(), c.meet)
			}
		})
	}
}
