package pipeline

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// rerun runs ci/rerun for a module with a command that prints output and has the exit code, and returns what is
// printed after it, and the commands in the file of all failures.
func rerun(t *testing.T, module, output, exit string) (printed, kept string) {
	t.Helper()
	dir := t.TempDir()
	file, all := filepath.Join(dir, "output"), filepath.Join(dir, "failed")
	if err := os.WriteFile(file, []byte(output), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("../../ci/rerun", module, "sh", "-c", `cat "$1"; exit "$2"`, "sh", file, exit)
	cmd.Env = append(os.Environ(), "RERUN_FILE="+all)
	out, err := cmd.Output()
	if (err == nil) != (exit == "0") || cmd.ProcessState.ExitCode() < 0 {
		t.Errorf("%v after a command that ends with %s", err, exit)
	}
	printed, ok := strings.CutPrefix(string(out), output)
	if !ok {
		t.Errorf("the command's output is changed to\n%s", out)
	}
	text, err := os.ReadFile(all)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return printed, string(text)
}

func TestEachFailedTestHasTheCommandThatRunsItAlone(t *testing.T) {
	const path = "github.com/didomi/serverless-api"
	for _, tt := range []struct{ name, module, output, want string }{
		{
			"a failed subtest without its parent", ".",
			"--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b_c (0.00s)\n        a_test.go:1: no\nFAIL\nFAIL\t" + path + "/network\t0.1s\nok  \t" + path + "/iam\t0.1s\n",
			"go test -count=1 -run '^TestA$/^b_c$' ./network\n",
		},
		{
			"a name with characters of patterns and a quote", ".",
			"--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/GET_/items/{id}_of_v1.2_isn't (0.00s)\nFAIL\nFAIL\t" + path + "/network\t0.1s\n",
			`go test -count=1 -run '^TestA$/^GET_$/^items$/^\{id\}_of_v1\.2_isn.t$' ./network` + "\n",
		},
		{
			"two packages, one of which uses PostgreSQL", ".",
			"--- FAIL: TestA (0.00s)\nFAIL\nFAIL\t" + path + "\t0.1s\n--- FAIL: TestB (0.00s)\n--- FAIL: TestC (0.00s)\nFAIL\nFAIL\t" + path + "/lambda/store\t0.1s\n",
			"go test -count=1 -run '^TestA$' .\n" +
				".sandbox/bin/sandbox services -- go test -count=1 -run '^TestB$' ./lambda/store\n" +
				".sandbox/bin/sandbox services -- go test -count=1 -run '^TestC$' ./lambda/store\n",
		},
		{
			"a package that does not compile", "sandbox",
			"FAIL\t" + path + "/sandbox/gateway [build failed]\nFAIL\n",
			"cd sandbox && go test -count=1 ./gateway\n",
		},
		{
			"a test that ran out of time", "sandbox",
			"panic: test timed out after 10m0s\n\trunning tests:\n\t\tTestA (10m0s)\n\ngoroutine 1 [running]:\nFAIL\t" + path + "/sandbox/gateway\t600s\nFAIL\n",
			"cd sandbox && go test -count=1 -run '^TestA$' ./gateway\n",
		},
		{
			"a step of the end-to-end test", "sandbox",
			"--- FAIL: TestEndToEnd (9s)\n    --- FAIL: TestEndToEnd/a_step (1s)\nFAIL\nFAIL\t" + path + "/sandbox/e2e\t9s\nFAIL\n",
			"cd sandbox && go test -count=1 -v -timeout 80m -run '^TestEndToEnd$/^a_step$' ./e2e\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			printed, kept := rerun(t, tt.module, tt.output, "1")
			indented := "  " + strings.ReplaceAll(strings.TrimSuffix(tt.want, "\n"), "\n", "\n  ") + "\n"
			if want := "To run what failed alone:\n" + indented; printed != want {
				t.Errorf("printed\n%swant\n%s", printed, want)
			}
			if kept != indented {
				t.Errorf("the file has\n%swant\n%s", kept, indented)
			}
		})
	}
	t.Run("nothing is printed when all pass", func(t *testing.T) {
		if printed, kept := rerun(t, ".", "ok  \t"+path+"\t0.1s\n", "0"); printed+kept != "" {
			t.Errorf("printed %q, kept %q", printed, kept)
		}
	})
}
