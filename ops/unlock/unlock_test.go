package unlock

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
)

func TestOnlyLocksOfEndedProcessesOfThisMachineAreRemoved(t *testing.T) {
	const prefix = ".pulumi/locks/organization/didomi/dev/"
	lock := func(host, pid string) string {
		return `{"pid":` + pid + `,"username":"ci","hostname":"` + host + `","timestamp":"2026-01-02T03:04:05Z"}`
	}
	for name, tt := range map[string]struct {
		locks []string
		left  int
		no    bool
		says  string
	}{
		"a stack without a lock":                     {says: "stack dev has no lock: there is no .pulumi/locks/organization/didomi/dev/"},
		"a lock of an ended process of this machine": {locks: []string{lock("here", "1")}, says: "process 1 is removed"},
		"the lock of a process here that still runs": {locks: []string{lock("here", "2")}, left: 1, no: true, says: "pulumi cancel --stack dev"},
		"a lock of another machine":                  {locks: []string{lock("laptop", "1")}, left: 1, no: true, says: "ci@laptop"},
		"a lock of this and of another machine":      {locks: []string{lock("here", "1"), lock("laptop", "1")}, left: 1, no: true, says: "ci@laptop"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, prefix), 0o700); err != nil {
				t.Fatal(err)
			}
			for i, l := range tt.locks {
				if err := os.WriteFile(filepath.Join(dir, prefix, string(rune('a'+i))+".json"), []byte(l), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			io := command.IO{Stdout: &out, Stderr: &out}
			err := release(t.Context(), io, directory(dir), prefix, "dev", "here", func(pid int) bool { return pid == 2 })
			if errors.Is(err, command.ErrNo) != tt.no || err != nil && !tt.no {
				t.Errorf("error %v, want a no: %v", err, tt.no)
			}
			left, err := os.ReadDir(filepath.Join(dir, prefix))
			if err != nil || len(left) != tt.left || !strings.Contains(out.String(), tt.says) {
				t.Errorf("%d locks left (%v), want %d; said %q, want %q in it", len(left), err, tt.left, out.String(), tt.says)
			}
		})
	}
}

func TestAnUnsupportedBackendIsRejected(t *testing.T) {
	for _, address := range []string{"", "azblob://x", "https://api.pulumi.com"} {
		if _, err := open(t.Context(), address); err == nil {
			t.Errorf("%q is accepted", address)
		}
	}
}
