package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/gateway"
	"github.com/didomi/serverless-api/sandbox/gateway/admit"
)

// preflight runs ops preflight before an update of the stack, with the credentials of the outputs and a new preview. It
// returns the findings and the names of the failed checks. It leaves out delegation: the sandbox's stack files set it
// without a parent zone.
func preflight(t *testing.T, out outputs) (printed string, missing []string) {
	t.Helper()
	preview, stderr, code := pulumi(t, out, repository(t), "preview", "--stack", out.Stack, "--config-file", out.ConfigFile, "--json", "--show-sames")
	if code != 0 {
		t.Fatalf("preview of %s: exit %d\n%s", out.Stack, code, complaints(preview+stderr))
	}
	path := filepath.Join(t.TempDir(), "preview.json")
	writeFile(t, path, []byte(preview))
	cmd := exec.Command("go", "run", "./ops", "preflight", "--stack", out.Stack, "--preview", path,
		"--config-file", out.ConfigFile, "--skip", "delegation", "--json")
	cmd.Dir, cmd.Env = repository(t), os.Environ()
	for name, value := range out.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var said strings.Builder
	cmd.Stderr = &said
	findings, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var found []struct{ Check, State string }
	if decoded := json.Unmarshal(findings, &found); decoded != nil {
		t.Fatalf("%v: %s%s", decoded, findings, said.String())
	}
	for _, f := range found {
		if f.State == "missing" {
			missing = append(missing, f.Check)
		}
	}
	if (len(missing) > 0) != (err != nil) {
		t.Errorf("it ends with %v, and these are missing: %v", err, missing)
	}
	return string(findings), missing
}

// checkPreflight runs the preflight of prod, before its first resource, in an account with a new account's quotas: the
// concurrency of anomalyco/sst#5829, and no VPC left.
func checkPreflight(t *testing.T, peer outputs) {
	t.Helper()
	mustRun(t, limitPreview, "preview", "--stack", "prod") // creates its file
	prod := peer
	prod.Stack, prod.ConfigFile = "prod", filepath.Join(filepath.Dir(peer.ConfigFile), "Pulumi.prod.yaml")
	setLimits(t, prod, http.MethodPut, `{"quotas":{"lambda/L-B99A9384":10,"vpc/L-F678F1CE":2}}`)
	defer setLimits(t, prod, http.MethodDelete, "")
	report, missing := preflight(t, prod)
	if want := []string{"vpcs", "lambda-concurrency"}; !slices.Equal(missing, want) {
		t.Errorf("%v are missing, want %v\n%s", missing, want, report)
	}
}

// setLimits sets the account's limits, or resets them.
func setLimits(t *testing.T, out outputs, method, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, out.AWSEndpoint+gateway.LimitsPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(admit.SandboxHeader, "test")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		t.Fatalf("limits: %s", response.Status)
	}
}
