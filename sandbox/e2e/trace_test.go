package e2e

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// sandboxLayout returns this checkout's layout.
func sandboxLayout(t *testing.T) layout.Layout {
	t.Helper()
	l, err := layout.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// checkTakenPort runs an up while the emulator's port is in use and a tool must be built.
func checkTakenPort(t *testing.T) {
	t.Helper()
	l := sandboxLayout(t)
	listener, err := net.Listen("tcp", l.EmulatorAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	stamp := filepath.Join(l.Build(), "stamps", "awsx")
	if err := os.Remove(stamp); err != nil {
		t.Fatal(err)
	}
	printed, code := run(t, time.Minute, "up", "--stack", "dev")
	if code == 0 || !strings.Contains(printed, l.EmulatorAddr()+" for the emulator is taken by e2e.test") {
		t.Errorf("exit %d\n%s", code, printed)
	}
	if _, err := os.Stat(stamp); err == nil {
		t.Errorf("the tool was built all the same\n%s", printed)
	}
}

// checkUnchanged checks by the events of the stack's last up that it changed no resource.
func checkUnchanged(t *testing.T, stack string) {
	t.Helper()
	events, err := os.Open(filepath.Join(sandboxLayout(t).Run(), "events-"+stack+".json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = events.Close() }()
	same := 0
	lines := bufio.NewScanner(events)
	for lines.Buffer(nil, 16<<20); lines.Scan(); {
		var event struct {
			Done struct {
				Metadata struct{ Op, URN string } `json:"metadata"`
			} `json:"resOutputsEvent"`
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatal(err)
		}
		switch done := event.Done.Metadata; done.Op {
		case "", "refresh", "read": // another event, the refresh at the start of an update, or a lookup
		case "same":
			same++
		default:
			t.Errorf("%s: %s", done.Op, done.URN)
		}
	}
	if err := lines.Err(); err != nil || same < enough {
		t.Errorf("%d resources are the same, %v", same, err)
	}
}

// checkShell previews in the sandbox's shell without naming the stack's file, and checks that this has changed no files.
func checkShell(t *testing.T) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "shell")
	writeFile(t, script, []byte("#!/bin/sh\nexec pulumi preview --expect-no-changes --non-interactive\n"))
	if err := os.Chmod(script, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SHELL", script)
	before := changed(t)
	mustRun(t, limitPreview, "shell")
	if after := changed(t); after != before {
		t.Errorf("the tree has changed from\n%s to\n%s", before, after)
	}
}

// changed returns the changes of the checkout's stack files according to git.
func changed(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "-C", repository(t), "diff", "--", "Pulumi*.yaml").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// checkNothingLeft checks that the sandbox has no processes, and no listeners on its addresses.
func checkNothingLeft(t *testing.T) {
	t.Helper()
	l := sandboxLayout(t)
	for _, mark := range []string{l.Root, l.Build(), filepath.Join(l.Build(), "program")} {
		if left, err := child.Marked(mark); err != nil || len(left) != 0 {
			t.Errorf("processes %v of %s are left, %v", left, mark, err)
		}
	}
	for _, address := range listeners(t) {
		if strings.HasPrefix(address, l.Network+".") || slices.Contains([]string{l.GatewayAddr(), l.EmulatorAddr(), l.APIAddr()}, address) {
			t.Errorf("%s is still listened on", address)
		}
	}
}

// listeners returns the IPv4 addresses on which the machine's processes listen (proc_net_tcp: the address is in the
// machine's byte order, in hexadecimal).
func listeners(t *testing.T) []string {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, line := range strings.Split(string(table), "\n")[1:] {
		fields := strings.Fields(line)
		const local, state, listen = 1, 3, "0A"
		if len(fields) <= state || fields[state] != listen {
			continue
		}
		var ip [4]byte
		var number uint32
		var port uint16
		if _, err := fmt.Sscanf(fields[local], "%X:%X", &number, &port); err != nil {
			t.Fatal(err)
		}
		binary.NativeEndian.PutUint32(ip[:], number)
		found = append(found, netip.AddrPortFrom(netip.AddrFrom4(ip), port).String())
	}
	return found
}
