package pipeline

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// job returns a shell that assumes a job's role and then runs a script, in the way GitLab's runner starts one: the
// script is the end of a pipe, which is a shell of its own. tmp is the directory that may have its private files.
func job(t *testing.T, script string, env ...string) (shell *exec.Cmd, work, tmp string) {
	t.Helper()
	ci, err := filepath.Abs("../../ci")
	if err != nil {
		t.Fatal(err)
	}
	work, tmp = t.TempDir(), t.TempDir()
	if err := os.Symlink(ci, filepath.Join(work, "ci")); err != nil {
		t.Fatal(err)
	}
	shell = exec.Command("bash", "-c", "set -eo pipefail\n: | eval \"$SCRIPT\"\nexit 0\n")
	shell.Dir = work
	shell.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + tmp, "SCRIPT=. ci/identity\n" + script,
		"STACK=dev", "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/dev", "CI_JOB_ID=17",
	}, env...)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return shell, work, tmp
}

// empty fails the test if anything except the link to ci is left in the directories.
func empty(t *testing.T, work, tmp string) {
	t.Helper()
	if got := slices.Concat(files(t, work), files(t, tmp)); !slices.Equal(got, []string{"ci"}) {
		t.Errorf("the job leaves %v", got)
	}
}

func TestWhatAJobSignsInWithGoesWithItsShell(t *testing.T) {
	token, key := []string{"AWS_TOKEN=top-secret"}, []string{"DEV_CI_KEY_ID=id", "DEV_CI_KEY_SECRET=top-secret"}
	const look = `grep -lr top-secret "$TMPDIR" "$PWD" | sed "s|$PRIVATE_DIR|private|"; stat -c %a "$PRIVATE_DIR" $(grep -lr top-secret "$TMPDIR")` + "\n"
	for name, tt := range map[string]struct {
		script string
		env    []string
		want   string
		ok     bool
	}{
		"a token":                   {look, token, "private/token\n700\n600\n", true},
		"a key":                     {look, key, "private/credentials\n700\n600\n", true},
		"a job that fails":          {look + "false", token, "private/token\n700\n600\n", false},
		"neither a token nor a key": {look, nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			shell, work, tmp := job(t, tt.script, tt.env...)
			said, err := shell.Output()
			if string(said) != tt.want || (err == nil) != tt.ok {
				t.Errorf("said %q, %v; want %q and success %v", said, err, tt.want, tt.ok)
			}
			empty(t, work, tmp)
		})
	}
}

func TestWhatAJobSignsInWithIsGoneWhenItWasEndedOrKilled(t *testing.T) {
	for name, tt := range map[string]struct {
		signal syscall.Signal
		after  bool // after_script is what removes it
	}{
		"a cancelled job's shell ends in order":       {syscall.SIGTERM, false},
		"a killed job's shell leaves it to ci/forget": {syscall.SIGKILL, true},
	} {
		t.Run(name, func(t *testing.T) {
			shell, work, tmp := job(t, "echo ready\nsleep 60", "AWS_TOKEN=top-secret")
			interrupted(t, shell, tt.signal)
			if tt.after {
				if len(files(t, tmp)) == 0 {
					t.Error("the killed shell has left nothing: this test shows nothing")
				}
				forget := exec.Command("bash", "ci/forget")
				forget.Dir, forget.Env = work, shell.Env
				if said, err := forget.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, said)
				}
			}
			empty(t, work, tmp)
		})
	}
}

// interrupted sends a signal to the job's processes once it has said that it is ready, and waits for
// their end.
func interrupted(t *testing.T, shell *exec.Cmd, signal syscall.Signal) {
	t.Helper()
	var said bytes.Buffer
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	shell.Stdout = in
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	if err := out.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, len("ready\n"))
	if _, err := out.Read(ready); err != nil || string(ready) != "ready\n" {
		t.Fatalf("%q, %v", ready, err)
	}
	if err := syscall.Kill(-shell.Process.Pid, signal); err != nil {
		t.Fatal(err)
	}
	// The pipe ends with the last of them.
	if _, err := said.ReadFrom(out); err != nil {
		t.Fatal(err)
	}
	_ = shell.Wait() // it was interrupted
}

func TestAnotherJobsFilesAreNotForgotten(t *testing.T) {
	shell, work, tmp := job(t, "")
	for _, name := range []string{"pipeline-job-17.a", "pipeline-job-171.a", "other"} {
		if err := os.Mkdir(filepath.Join(tmp, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	forget := exec.Command("bash", "ci/forget")
	forget.Dir, forget.Env = work, shell.Env
	if said, err := forget.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	entries, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if got := strings.Join(left, " "); got != "other pipeline-job-171.a" {
		t.Errorf("left are %s", got)
	}
}
