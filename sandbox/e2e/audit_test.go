package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// checkAudit holds both deployed stacks, and a preview of one without NAT, against the rules of
// ops/audit. The two share an account and a region, so their names must differ.
func checkAudit(t *testing.T, dev, prod outputs) {
	t.Helper()
	devState, prodState := exportState(t, dev), exportState(t, prod)
	ops(t, "audit", "--state", devState, "--beside", prodState)
	ops(t, "audit", "--state", prodState, "--beside", devState)

	config := filepath.Join(t.TempDir(), "Pulumi.prod.yaml")
	writeFile(t, config, editedConfig(t, prod, edit{key: "network.nat", value: "none"}))
	stdout, stderr, code := pulumi(t, prod, repository(t), "preview", "--stack", "prod", "--config-file", config, "--json", "--show-sames")
	if code != 0 {
		t.Fatalf("preview: exit %d\n%s\n%s", code, stdout, stderr)
	}
	preview := filepath.Join(t.TempDir(), "preview.json")
	writeFile(t, preview, []byte(stdout))
	facts := ops(t, "audit", "--preview", preview, "--explain")
	if strings.Contains(facts, "natGatewayId") {
		t.Errorf("there is still a route to a NAT gateway:\n%s", facts)
	}
	for _, service := range []string{"s3", "secretsmanager", "kms", "logs", "sts"} {
		if want := "-> " + service + " without NAT"; !strings.Contains(facts, want) {
			t.Errorf("no function %s", want)
		}
	}
}
