package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// outputs is the content of .sandbox/outputs.json, which `sandbox up` writes.
type outputs struct {
	URL             string `json:"url"`
	APIKey          string `json:"apiKey"`
	AWSEndpoint     string `json:"awsEndpoint"`
	Region          string `json:"region"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	Bucket          string `json:"bucket"`
	Stack           string `json:"stack"`
	BackendURL      string `json:"backendUrl"`
	SecretsProvider string `json:"secretsProvider"`
	Pulumi          string `json:"pulumi"`

	ConfigFile string            `json:"configFile"`
	Env        map[string]string `json:"env"`
	Stacked    stackedOutputs    `json:"outputs"`
}

// stackedOutputs are outputs of the stack itself.
type stackedOutputs struct {
	// Auth is how callers prove who they are.
	Auth string `json:"auth"`
	// OperationARNs are by route.
	OperationARNs map[string]string `json:"operationArns"`
}

// repository is the root of the checkout under test.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// command prepares the sandbox command in the checkout.
func command(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	root := repository(t)
	path := filepath.Join(root, ".sandbox", "bin", "sandbox")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("this test deploys stacks with the sandbox's tools; make e2e builds them and runs it: %v", err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = root
	// The states of alarms change only in the test about them.
	cmd.Env = append(os.Environ(), "SANDBOX_CLOCK=stopped")
	if sharedTemp != "" {
		// PostgreSQL's directory for the user root must be accessible, which t.TempDir is not.
		cmd.Env = append(cmd.Env, "TMPDIR="+sharedTemp, layout.SharedTempName+"="+os.TempDir())
	}
	return cmd
}

// run runs the sandbox command and returns its output and exit code.
func run(t *testing.T, limit time.Duration, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := command(ctx, t, args...)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	start := time.Now()
	err := cmd.Run()
	t.Logf("sandbox %s: %s", strings.Join(args, " "), time.Since(start).Round(time.Second))
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("sandbox %s: %v\n%s", strings.Join(args, " "), err, printed.String())
	}
	return printed.String(), cmd.ProcessState.ExitCode()
}

// mustRun is run; it fails the test unless the exit code is 0.
func mustRun(t *testing.T, limit time.Duration, args ...string) string {
	t.Helper()
	printed, code := run(t, limit, args...)
	if code != 0 {
		t.Fatalf("sandbox %s: exit %d\n%s", strings.Join(args, " "), code, printed)
	}
	return printed
}

// up deploys the stack and returns its outputs.
func up(t *testing.T, stack string) outputs {
	t.Helper()
	mustRun(t, limitUp, "up", "--stack", stack)
	out := lastOutputs(t)
	if out.Stack != stack {
		t.Fatalf("outputs.json is of stack %q, want %q", out.Stack, stack)
	}
	return out
}

// lastOutputs returns the outputs of the stack that was deployed last.
func lastOutputs(t *testing.T) outputs {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), ".sandbox", "outputs.json"))
	if err != nil {
		t.Fatalf("this test needs a deployed stack: run make up first: %v", err)
	}
	var out outputs
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("outputs.json: %v", err)
	}
	return out
}
