package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/openapi"
)

// TestContract sends Schemathesis's requests to the stack that came up last. `make contract-test` runs it.
func TestContract(t *testing.T) { checkContract(t, lastOutputs(t), allPhases) }

// The phases of Schemathesis: the contract's examples, boundaries of each parameter, random requests, and sequences.
// Only the second sends other methods than those of a path.
const (
	allPhases      = "examples,coverage,fuzzing,stateful"
	ordinaryPhases = "examples,fuzzing,stateful"
)

// checkContract tests the stack with the requests that Schemathesis generates from the contract that the API serves: valid
// and invalid ones, and sequences of them. Each response must be one that the contract describes.
func checkContract(t *testing.T, out outputs, phases string) {
	t.Helper()
	sendPresigned(t, requestUpload(t, out, exampleFile, len("contents")).presigned, "contents")
	before := items(t, out)
	defer restore(t, out, before)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	report, err := schemathesis(ctx, t, out, phases).CombinedOutput()
	if err != nil {
		t.Fatalf("schemathesis: %v\n%s", err, report)
	}
	t.Logf("schemathesis: %s", generatedCases.Find(report))
}

// items are the bodies of all items by id.
func items(t *testing.T, out outputs) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	for item, err := range newClient(t, out).Items(t.Context(), 100) {
		if err != nil {
			t.Fatal(err)
		}
		bodies[item.Id] = string(item.Body)
	}
	return bodies
}

// restore restores the items: Schemathesis takes ids from lists and deletes and replaces what has them.
func restore(t *testing.T, out outputs, before map[string]string) {
	t.Helper()
	after := items(t, out)
	for id := range after {
		if _, ok := before[id]; !ok {
			request(t, out, http.MethodDelete, "/items/"+id, "")
		}
	}
	for id, body := range before {
		if after[id] != body {
			request(t, out, http.MethodPut, "/items/"+id, body)
		}
	}
}

// exampleFile is the example of a file's key in the contract, which requests to the operations on files have.
const exampleFile = "reports/2026/summary.txt"

// generatedCases is the part of a report that counts the requests.
var generatedCases = regexp.MustCompile(`\d+ generated, \d+ passed`)

// schemathesis prepares Schemathesis with all checks.
func schemathesis(ctx context.Context, t *testing.T, out outputs, phases string) *exec.Cmd {
	t.Helper()
	root := repository(t)
	tool := filepath.Join(root, ".sandbox", "schemathesis", "bin", "schemathesis")
	if _, err := os.Stat(tool); err != nil {
		t.Fatalf("this test needs Schemathesis; make contract-test installs it and runs this test: %v", err)
	}
	settings := filepath.Join(root, "sandbox", "tools", "schemathesis")
	target, security := out.URL, requiredSecurity(t, out)
	args := []string{
		"--config-file", filepath.Join(settings, "schemathesis.toml"), "--no-color",
		"run", out.URL + "/openapi.json",
		"--checks", "all", "--continue-on-failure",
	}
	if slices.Contains(security, "apiKey") {
		args = append(args, "--header", "x-api-key: "+out.APIKey)
	}
	if slices.Contains(security, "signature") {
		proxy, authorization := signingProxy(t, out)
		target, args = proxy, append(args, "--header", "Authorization: "+authorization)
		// There, API Gateway's response to TRACE is that to a missing signature, also on paths that need none.
		phases = ordinaryPhases
	}
	cmd := exec.CommandContext(ctx, tool, append(args, "--url", target, "--phases", phases)...)
	cmd.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS="+filepath.Join(settings, "hooks.py"), "SECURITY="+strings.Join(security, " "))
	cmd.Dir = t.TempDir() // for its caches
	return cmd
}

// requiredSecurity are the contract's security schemes that the stack requires, all of them in each request.
func requiredSecurity(t *testing.T, out outputs) (schemes []string) {
	t.Helper()
	if out.APIKey != "" {
		schemes = append(schemes, "apiKey")
	}
	switch out.Stacked.Auth {
	case openapi.AuthIAM:
		schemes = append(schemes, "signature")
	case openapi.AuthJWT:
		t.Fatalf("stack %s requires tokens, and Schemathesis has none: run this against a stack whose auth is none or iam", out.Stack)
	}
	return schemes
}
