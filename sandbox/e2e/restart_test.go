package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/daemon"
)

// checkKilledServers kills the emulator and a stack's database and cache with SIGKILL. The daemon restarts each, and what it
// had is there: rows and roles, keys and users, objects, secrets, and the credentials that functions hold.
func checkKilledServers(t *testing.T, out outputs) {
	t.Helper()
	path := cachedItem(t, out)
	key, content := storeFile(t, out, 1<<20)
	for _, kind := range []string{"postgres", "redis", "ministack"} {
		t.Run(kind, func(t *testing.T) {
			before := killServer(t, out, kind)
			if after := serverPart(t, out, kind); after.PID == before.PID || after.Restarts.Exit != "signal: killed" {
				t.Errorf("after the restart: %+v", after)
			}
			if printed := mustRun(t, time.Minute, "status"); !strings.Contains(printed, "RESTARTED: "+kind) || !strings.Contains(printed, "(exit: signal: killed)") {
				t.Errorf("status after the restart:\n%s", printed)
			}
			recovers(t, "requests", func() bool {
				got := request(t, out, http.MethodGet, path, "")
				return got.status == http.StatusOK && got.header.Get("X-Cache") == "hit"
			})
			databaseRecovers(t, out)
			fileArrives(t, out, key, content)
			checkItems(t, out)
			checkRow(t, out, "e2e-1", "two")
			checkKey(t, out, "e2e-1")
		})
	}
}

// killServer kills the emulator, or a server of the stack, waits for its restart, and returns what it was before.
func killServer(t *testing.T, out outputs, kind string) daemon.Part {
	t.Helper()
	before := serverPart(t, out, kind)
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	recovers(t, kind, func() bool {
		after := serverPart(t, out, kind)
		return after.Restarts.Count > before.Restarts.Count && after.Health == "ok"
	})
	return before
}

// statusParts are the parts of the sandbox's status, which waits for a restart in progress.
func statusParts(t *testing.T) []daemon.Part {
	t.Helper()
	var report daemon.Report
	if err := json.Unmarshal([]byte(mustRun(t, time.Minute, "status", "--json")), &report); err != nil {
		t.Fatal(err)
	}
	return report.Parts
}

// serverPart is the emulator, or a server of the stack, in the status.
func serverPart(t *testing.T, out outputs, kind string) daemon.Part {
	t.Helper()
	for _, part := range statusParts(t) {
		if part.Kind == kind && (kind == "ministack" || strings.HasPrefix(part.Name, "didomi-"+out.Stack+"-data-")) {
			return part
		}
	}
	t.Fatalf("the status has no %s of stack %s", kind, out.Stack)
	return daemon.Part{}
}
