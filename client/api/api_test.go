package api

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/didomi/serverless-api/internal/docpage"
)

// TestReferenceClient compares this package with what the generator makes of the contract. `make docs` writes it.
func TestReferenceClient(t *testing.T) {
	// Go's test cache sees the files that this process reads, not those of the generator's.
	for _, input := range []string{"../../docs/openapi.json", "oapi-codegen.yaml", "overlay.yaml", "../../sandbox/tools/oapi-codegen/go.sum"} {
		if _, err := os.ReadFile(input); err != nil {
			t.Fatal(err)
		}
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../sandbox/tools/oapi-codegen/go.mod",
		"oapi-codegen", "-config", "oapi-codegen.yaml", "../../docs/openapi.json")
	cmd.Stderr = &stderr
	generated, err := cmd.Output()
	if err != nil {
		t.Fatalf("oapi-codegen: %v\n%s", err, stderr.String())
	}
	docpage.CheckFile(t, "api.gen.go", string(generated))
}
