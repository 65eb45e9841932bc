package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exportState writes the stack's state to a file for ops.
func exportState(t *testing.T, out outputs) string {
	t.Helper()
	state, stderr, code := pulumi(t, out, repository(t), "stack", "export", "--stack", out.Stack)
	if code != 0 {
		t.Fatalf("pulumi stack export: exit %d\n%s", code, stderr)
	}
	path := filepath.Join(t.TempDir(), "state.json")
	writeFile(t, path, []byte(state))
	return path
}

// ops runs a command of ops in the checkout and returns its output.
func ops(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"run", "./ops"}, args...)...)
	cmd.Dir = repository(t)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("ops %s: %v\n%s%s", strings.Join(args, " "), err, printed, stderr.String())
	}
	return string(printed)
}

// checkOps runs commands of ops on a deployed stack: the diagram in docs matches it, it contains the resources that
// replace those of the legacy stack, and every resource has a price, is free, or is known to lack a price.
func checkOps(t *testing.T, out outputs) {
	t.Helper()
	state := exportState(t, out)
	ops(t, "diagram", "--state", state, "--check", filepath.Join("docs", "architecture.svg"))
	ops(t, "imports", "--deployed", state)
	var estimate struct {
		Total    float64
		Unpriced []string
	}
	if err := json.Unmarshal([]byte(ops(t, "cost", "--state", state, "--json")), &estimate); err != nil {
		t.Fatal(err)
	}
	if estimate.Total == 0 {
		t.Error("the stack costs nothing")
	}
	for _, what := range estimate.Unpriced {
		if !strings.Contains(what, "Performance Insights") {
			t.Errorf("ops/cost has no price for %s", what)
		}
	}
}
