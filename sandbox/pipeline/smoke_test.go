package pipeline

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// smoke runs ci/smoke with an ops whose smoke test has the exit code, after a deployment that replaced the version
// before. It returns the calls of ops and the errors.
func smoke(t *testing.T, exit, before string) (calls, printed string, code int) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".build"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(".build/serving", before)
	write(".build/ops", "#!/bin/sh\necho \"$API_KEY $*\" >>calls\n[ $1 = rollout ] || exit "+exit+"\ncat >/dev/null\n")
	write("pulumi", "#!/bin/sh\necho \"its-$3\"\n")
	script, err := filepath.Abs("../../ci/smoke")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "STACK=prod", "SMOKE_VIA=")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() < 0 {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text), string(out), cmd.ProcessState.ExitCode()
}

func TestAFailedSmokeTestRollsBack(t *testing.T) {
	const test = "its-apiKey smoke --url its-url --auth its-auth --via \n"
	for name, tt := range map[string]struct {
		exit, before string
		calls        string
		printed      string
		code         int
	}{
		"a passed one does not":                      {"0", "7", test, "", 0},
		"a failed one does":                          {"1", "7", test + "its-apiKey rollout --rollback --to 7\n", "rolling back to version 7", 1},
		"there is no version before the first":       {"1", "", test, "no version to roll back to", 1},
		"one that has not run does not":              {"2", "7", test, "has not run", 2},
		"one that has not run on the first":          {"2", "", test, "has not run", 2},
		"one that was killed counts as a failed one": {"137", "7", test + "its-apiKey rollout --rollback --to 7\n", "rolling back to version 7", 1},
	} {
		t.Run(name, func(t *testing.T) {
			calls, printed, code := smoke(t, tt.exit, tt.before)
			if calls != tt.calls || !strings.Contains(printed, tt.printed) || code != tt.code {
				t.Errorf("exit %d after\n%s%s\nwant exit %d after\n%swith %q", code, calls, printed, tt.code, tt.calls, tt.printed)
			}
		})
	}
}
