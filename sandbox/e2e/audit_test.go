package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/serviceauth"
)

// checkSchemas validates the registered values of both stacks against AWS's resource schemas and the data of their region
// (sandbox/cfnschema).
func checkSchemas(t *testing.T, stacks ...outputs) {
	t.Helper()
	python := filepath.Join(repository(t), ".sandbox", "cfn-lint", "bin", "python")
	for _, out := range stacks {
		check := exec.Command(python, filepath.Join(repository(t), "sandbox", "cfnschema", "check.py"), out.Region, exportState(t, out))
		if printed, err := check.CombinedOutput(); err != nil {
			t.Errorf("stack %s: %v: run make cfn-lint if there is none\n%s", out.Stack, err, printed)
		}
	}
}

// checkAudit runs the stack audit on both deployed stacks and on a preview of one with NAT. The stacks share an account
// and a region, so their names must differ.
func checkAudit(t *testing.T, dev, prod outputs) {
	t.Helper()
	devState, prodState := exportState(t, dev), exportState(t, prod)
	ops(t, "audit", "--state", devState, "--other-state", prodState)
	facts := ops(t, "audit", "--state", prodState, "--other-state", devState, "--explain")
	if strings.Contains(facts, "natGatewayId") {
		t.Errorf("there is a route to a NAT gateway:\n%s", facts)
	}
	for _, service := range []string{"s3", "secretsmanager"} {
		if want := "-> " + service + " without NAT"; !strings.Contains(facts, want) {
			t.Errorf("no function %s", want)
		}
	}
	checkPolicies(t, devState)
	checkPolicies(t, prodState)

	config := filepath.Join(t.TempDir(), "Pulumi.prod.yaml")
	writeFile(t, config, editedConfig(t, prod, edit{key: "network.nat", value: "perAz"}))
	stdout, stderr, code := pulumi(t, prod, repository(t), "preview", "--refresh=false", "--stack", "prod", "--config-file", config, "--json", "--show-sames")
	if code != 0 {
		t.Fatalf("preview: exit %d\n%s\n%s", code, stdout, stderr)
	}
	preview := filepath.Join(t.TempDir(), "preview.json")
	writeFile(t, preview, []byte(stdout))
	if facts := ops(t, "audit", "--preview", preview, "--explain"); !strings.Contains(facts, "natGatewayId") {
		t.Errorf("there is no route to a NAT gateway:\n%s", facts)
	}
}

// checkPolicies checks every policy of a stack against AWS's Service Authorization Reference.
func checkPolicies(t *testing.T, path string) {
	t.Helper()
	reference, err := serviceauth.Load()
	if err != nil {
		t.Fatal(err)
	}
	state, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = state.Close() }()
	policies, err := serviceauth.FromState(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range reference.Check(policies) {
		t.Error(problem)
	}
}
