package deploy

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestKilled(t *testing.T) {
	l := layout.Layout{Root: filepath.Join(t.TempDir(), ".sandbox")}
	for stack, script := range map[string]string{"dev": "true", "test": "exit 3", "prod": "kill -9 $$"} {
		err := whileBusy(l, stack, func() error { return exec.Command("/bin/sh", "-c", script).Run() })
		if got, want := errors.Is(err, ErrFailed), stack == "test"; got != want {
			t.Errorf("%s: %v, failed %v, want %v", script, err, got, want)
		}
	}
	t.Run("an interrupted run keeps its mark", func(t *testing.T) {
		if names, err := Killed(l); err != nil || !slices.Equal(names, []string{"prod"}) {
			t.Errorf("%v, %v, want only prod", names, err)
		}
	})
	t.Run("Discard removes the mark with the account's files", func(t *testing.T) {
		if found, err := Discard(l); err != nil || !found {
			t.Fatalf("found %v, %v", found, err)
		}
		if found, err := Discard(l); err != nil || found {
			t.Fatalf("found %v again, %v", found, err)
		}
		if names, err := Killed(l); err != nil || len(names) != 0 {
			t.Errorf("%v, %v, want none", names, err)
		}
	})
}
