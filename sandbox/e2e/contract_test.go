package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// TestContract sends Schemathesis's requests to the stack that came up last. `make contract-test` runs it.
func TestContract(t *testing.T) { checkContract(t, lastOutputs(t)) }

// checkContract tests the stack with the requests that Schemathesis generates from the contract: valid and invalid ones,
// and sequences of them. Each response must be one that the contract describes.
func checkContract(t *testing.T, out outputs) {
	t.Helper()
	sendPresigned(t, requestUpload(t, out, exampleFile, len("contents")).presigned, "contents")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	report, err := schemathesis(ctx, t, out).CombinedOutput()
	if err != nil {
		t.Fatalf("schemathesis: %v\n%s", err, report)
	}
	t.Logf("schemathesis: %s", generatedCases.Find(report))
}

// exampleFile is the example of a file's key in the contract, which requests to the operations on files have.
const exampleFile = "reports/2026/summary.txt"

// generatedCases is the part of a report that counts the requests.
var generatedCases = regexp.MustCompile(`\d+ generated, \d+ passed`)

// schemathesis prepares Schemathesis with all checks and phases.
func schemathesis(ctx context.Context, t *testing.T, out outputs) *exec.Cmd {
	t.Helper()
	root := repository(t)
	tool := filepath.Join(root, ".sandbox", "schemathesis", "bin", "schemathesis")
	if _, err := os.Stat(tool); err != nil {
		t.Fatalf("this test needs Schemathesis; make contract-test installs it and runs this test: %v", err)
	}
	settings := filepath.Join(root, "sandbox", "tools", "schemathesis")
	args := []string{
		"--config-file", filepath.Join(settings, "schemathesis.toml"), "--no-color",
		"run", filepath.Join(root, "docs", "openapi.json"), "--url", out.URL,
		"--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure",
	}
	security := "SECURITY=" // the schemes that the stack requires, of those in the contract
	if out.APIKey != "" {
		args, security = append(args, "--header", "x-api-key: "+out.APIKey), "SECURITY=apiKey"
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS="+filepath.Join(settings, "hooks.py"), security)
	cmd.Dir = t.TempDir() // for its caches
	return cmd
}
