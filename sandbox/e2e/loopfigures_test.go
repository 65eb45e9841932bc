package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// figureEdits is the number of edits whose times TestLoopFigures reports.
const figureEdits = 20

// TestLoopFigures reports how long make dev takes from a save to the new response, and from a save that does not
// compile to the compiler's message. `make bench-dev` runs it on the stack that came up last.
func TestLoopFigures(t *testing.T) {
	out := lastOutputs(t)
	if out.Stack != "dev" {
		t.Fatalf("the stack that came up last is %s; this edits dev: run make up STACK=dev", out.Stack)
	}
	tree := copyTree(t)
	path := filepath.Join(tree, filepath.FromSlash(problemFile))
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := startLoop(t, tree)
	defer l.kill()
	l.await(t, "the function serves the new code")
	var served, shown []time.Duration
	for i := range figureEdits {
		sentence := "there is no such thing " + strings.Repeat("i", i+1) + "."
		edited := strings.Replace(string(content), "there is no such resource", sentence, 1)
		begun := time.Now()
		writeFile(t, path, []byte(edited))
		awaitText(t, out, sentence)
		served = append(served, time.Since(begun))
		begun = time.Now()
		writeFile(t, path, []byte(edited+"\nfunc broken() { undefined() }\n"))
		l.await(t, "undefined: undefined")
		shown = append(shown, time.Since(begun))
	}
	l.end(t)
	report(t, "save to new response", served)
	report(t, "save to compiler error", shown)
}

// awaitText waits until the API responds to an unknown path with a sentence.
func awaitText(t *testing.T, out outputs, sentence string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, body, err := text(out, "/unknown"); err == nil && strings.Contains(body, sentence) {
			return
		}
	}
	t.Fatalf("no response has %q within 5 minutes", sentence)
}

func report(t *testing.T, what string, times []time.Duration) {
	t.Helper()
	slices.Sort(times)
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
	t.Logf("%s, %d edits: median %v, p95 %v, max %v", what, len(times), round(times[len(times)/2]), round(times[len(times)*95/100-1]), round(times[len(times)-1]))
}
