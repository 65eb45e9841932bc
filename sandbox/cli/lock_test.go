package cli

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// With holderVariable the test binary takes the lock of the layout that the variable names. With silentVariable it does not
// write its name into the lock; with deafVariable it ignores signals to end.
const (
	holderVariable = "TEST_LOCK_HOLDER"
	silentVariable = "TEST_LOCK_SILENT"
	deafVariable   = "TEST_LOCK_DEAF"
)

func TestMain(m *testing.M) {
	if root := os.Getenv(holderVariable); root != "" {
		if _, err := tryLock(layout.Layout{Root: root}, "up"); err != nil {
			os.Exit(1)
		}
		if os.Getenv(silentVariable) != "" && os.Truncate(lockFile(layout.Layout{Root: root}, "up"), 0) != nil {
			os.Exit(1)
		}
		if os.Getenv(deafVariable) != "" {
			signal.Ignore(syscall.SIGTERM)
		}
		_, _ = os.Stdout.WriteString("held\n")
		time.Sleep(time.Hour) // select {} alone is a deadlock, which ends the program
	}
	os.Exit(m.Run())
}

// hold takes the lock in another process, which has these variables too.
func hold(t *testing.T, l layout.Layout, variables ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "up", "--stack", "dev")
	cmd.Env = append(append(os.Environ(), holderVariable+"="+l.Root), variables...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	return cmd
}

func TestLock(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	holder := hold(t, l)
	t.Run("a second up is told of the first", func(t *testing.T) {
		_, err := lockExclusive(l)
		var held heldError
		if !errors.As(err, &held) || held.pid != holder.Process.Pid {
			t.Fatalf("error %v, want one that names process %d", err, holder.Process.Pid)
		}
		for _, word := range []string{"up --stack dev", "make down"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q is not in: %v", word, err)
			}
		}
	})
	t.Run("another lock is free", func(t *testing.T) {
		unlock, err := tryLock(l, "build")
		if err != nil {
			t.Fatal(err)
		}
		unlock()
	})
	t.Run("a holder that is killed leaves no lock", func(t *testing.T) {
		if err := holder.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = holder.Wait()
		unlock, err := lockExclusive(l)
		if err != nil {
			t.Fatal(err)
		}
		unlock()
	})
	for _, c := range []struct {
		name      string
		variables []string
	}{
		{"down ends the holder and takes the lock", nil},
		{"down kills a holder that ignores SIGTERM", []string{deafVariable + "=1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			holder := hold(t, l, c.variables...)
			unlock, err := seizeLock(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			unlock()
			if err := holder.Wait(); err == nil {
				t.Error("the holder ended without being asked")
			}
		})
	}
	t.Run("down gives up on a holder that is unknown", func(t *testing.T) {
		hold(t, l, silentVariable+"=1")
		if _, err := seizeLock(t.Context(), l); err == nil || !strings.Contains(err.Error(), lockFile(l, "up")) {
			t.Errorf("error %v, want one that names the lock", err)
		}
	})
}
