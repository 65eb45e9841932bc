package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// output keeps what a running command prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// loop is a running development loop.
type loop struct {
	cmd     *exec.Cmd
	printed *output
	seen    int // bytes that await has read
	ended   chan struct{}
}

// startLoop starts a development loop on dev that watches the tree.
func startLoop(t *testing.T, tree string, args ...string) *loop {
	t.Helper()
	l := &loop{cmd: command(context.Background(), t, append([]string{"dev", "--stack", "dev", "--tree", tree}, args...)...), printed: &output{}, ended: make(chan struct{})}
	l.cmd.Stdout, l.cmd.Stderr = l.printed, l.printed
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = l.cmd.Wait(); close(l.ended) }()
	return l
}

// await waits until the loop prints a text after the last one that was awaited.
func (l *loop) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		printed := l.printed.String()
		if at := strings.Index(printed[l.seen:], text); at >= 0 {
			l.seen += at + len(text)
			return
		}
		select {
		case <-l.ended:
			t.Fatalf("the loop ended before it printed %q:\n%s", text, printed)
		default:
		}
	}
	t.Fatalf("the loop does not print %q:\n%s", text, l.printed)
}

// end ends the loop as Ctrl-C does, and checks that it ends well.
func (l *loop) end(t *testing.T) {
	t.Helper()
	if err := l.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-l.ended
	if code := l.cmd.ProcessState.ExitCode(); code != 0 || !strings.Contains(l.printed.String(), "the deployed code serves again") {
		t.Fatalf("exit %d\n%s", code, l.printed)
	}
}

// kill ends a loop that a failed test has left.
func (l *loop) kill() {
	_ = l.cmd.Process.Signal(syscall.SIGKILL)
	<-l.ended
}

// text gets a path of the API and returns status and body.
func text(out outputs, path string) (int, string, error) {
	response, err := http.Get(out.URL + path)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// wantText checks what the API responds to an unknown path.
func wantText(t *testing.T, out outputs, want string) {
	t.Helper()
	if status, body, err := text(out, "/unknown"); err != nil || status != http.StatusNotFound || !strings.Contains(body, want) {
		t.Errorf("%d %s, %v; want 404 with %q", status, body, err, want)
	}
}

// loopItem is the ID of the item that underLoad requests.
const loopItem = "e2e-loop"

// underLoad requests an item from several clients until the returned function is called, which fails the test if a
// request fails. Together they stay below the 100 requests a second that the stage lets through.
func underLoad(t *testing.T, out outputs) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var clients sync.WaitGroup
	var mu sync.Mutex
	requests := 0
	if got := request(t, out, http.MethodPut, "/items/"+loopItem, `{"n":1}`); got.status != http.StatusOK && got.status != http.StatusCreated {
		t.Fatalf("PUT: %d %s", got.status, got.body)
	}
	for range 3 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(50 * time.Millisecond):
				}
				status, body, err := text(out, "/items/"+loopItem)
				if err != nil || status != http.StatusOK {
					t.Errorf("a request during a swap: %d %s, %v", status, body, err)
				}
				mu.Lock()
				requests++
				mu.Unlock()
			}
		})
	}
	return func() {
		t.Helper()
		close(done)
		clients.Wait()
		if requests < 20 {
			t.Errorf("only %d requests were sent", requests)
		}
	}
}

// What the tests edit, and into what.
const (
	problemFile = "lambda/handler/problem.go"
	migration   = "lambda/migrate/sql/0002_note.sql"
)

// checkLoop edits a copy of the tree while make dev watches it.
func checkLoop(t *testing.T, out outputs) {
	t.Helper()
	tree := copyTree(t)
	original, err := os.ReadFile(filepath.Join(tree, filepath.FromSlash(problemFile)))
	if err != nil {
		t.Fatal(err)
	}
	save := func(text string) {
		t.Helper()
		// As many editors do: a new file is renamed to the saved one.
		path := filepath.Join(tree, filepath.FromSlash(problemFile))
		writeFile(t, path+".new", []byte(text))
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	const deployed, edited = "there is no such resource", "there is no such thing"
	if strings.Count(string(original), deployed) != 1 {
		t.Fatalf("%s does not hold %q once", problemFile, deployed)
	}
	better := strings.Replace(string(original), deployed, edited, 1)

	settings, err := os.ReadFile(out.ConfigFile) // a preview of the loop writes the tree's
	if err != nil {
		t.Fatal(err)
	}
	defer func() { writeFile(t, out.ConfigFile, settings) }()
	l := startLoop(t, tree)
	defer l.kill()
	l.await(t, "the function serves the new code")
	stop := underLoad(t, out)
	t.Run("a saved edit serves, and no request fails", func(t *testing.T) {
		save(better)
		l.await(t, "the function serves the new code")
		wantText(t, out, edited)
	})
	t.Run("what does not compile is shown by file and line, and the previous code continues to serve", func(t *testing.T) {
		save(better + "\nfunc broken() { undefined() }\n")
		l.await(t, problemFile+":")
		l.await(t, "undefined: undefined")
		wantText(t, out, edited)
	})
	t.Run("code that does not start is not swapped in", func(t *testing.T) {
		save(better + "\nfunc init() { panic(\"no\") }\n")
		l.await(t, "the new code does not start")
		wantText(t, out, edited)
	})
	t.Run("of a burst of saves the last one serves", func(t *testing.T) {
		for _, word := range []string{"one", "two", "three"} {
			save(strings.Replace(string(original), deployed, "there is no thing "+word, 1))
			time.Sleep(150 * time.Millisecond) // longer than the loop waits for more, shorter than a build
		}
		// On a busy machine, code of an earlier save may serve in between.
		recovers(t, "the last save", func() bool {
			_, body, err := text(out, "/unknown")
			return err == nil && strings.Contains(body, "there is no thing three")
		})
	})
	stop()
	t.Run("a new migration is run, and one that fails is shown", func(t *testing.T) {
		path := filepath.Join(tree, filepath.FromSlash(migration))
		writeFile(t, path, []byte("COMMENT ON TABLE nothing IS 'no';\n"))
		l.await(t, "the migration failed")
		l.await(t, "0002_note")
		writeFile(t, path, []byte("COMMENT ON TABLE items IS 'by the end-to-end test';\n"))
		l.await(t, `"applied":["0002_note`)
	})
	t.Run("requests are shown with route, status and the cache's result", func(t *testing.T) {
		if printed := l.printed.String(); !strings.Contains(printed, "GET    /items/{id}      200 hit ") {
			t.Errorf("no request is in\n%s", printed)
		}
	})
	t.Run("a changed setting is previewed", func(t *testing.T) {
		replaceIn(t, filepath.Join(tree, "Pulumi.dev.yaml"), "      minCapacity: 0\n", "      minCapacity: 0\n      name: other\n")
		l.await(t, "WARNING: this replaces Cluster")
	})
	t.Run("a refresh finds no drift", func(t *testing.T) { checkRefresh(t, out) })
	l.end(t)
	wantText(t, out, deployed)
}
