package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// take listens on the address until the test ends.
func take(t *testing.T, addr string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func TestCheckPorts(t *testing.T) {
	network, ok := otherNetwork()
	if !ok {
		t.Fatal("no free loopback network")
	}
	l := layout.Layout{Port: freePorts(t, network), Network: network}
	t.Run("free ports are no error", func(t *testing.T) {
		if err := CheckPorts(l); err != nil {
			t.Error(err)
		}
	})
	take(t, l.APIAddr())
	take(t, l.GatewayAddr())
	take(t, l.Network+".1.1:6379")
	suggested, ok := otherPort()
	if !ok {
		t.Fatal("no four free ports")
	}
	take(t, layout.Layout{Port: suggested}.EmulatorAddr())
	err := CheckPorts(l)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	t.Run("ports in use are listed in order with their processes", func(t *testing.T) {
		var named []string
		for _, line := range lines {
			if addr, rest, _ := strings.Cut(line, " "); strings.Contains(rest, "is taken by") {
				named = append(named, addr)
			}
		}
		if want := []string{l.GatewayAddr(), l.APIAddr(), l.Network + ".1.1:6379"}; !slices.Equal(named, want) {
			t.Errorf("%v, want %v", named, want)
		}
	})
	t.Run("the suggested port and network are free", func(t *testing.T) {
		var port int
		if _, err := fmt.Sscanf(lines[2], "SANDBOX_PORT=%d", &port); err != nil || len(takenOf(port)) > 0 {
			t.Errorf("%q: %v, taken %v", lines[2], err, takenOf(port))
		}
		network, _, _ := strings.Cut(strings.TrimPrefix(lines[4], "SANDBOX_NET="), " ")
		if !strings.HasPrefix(network, "127.") || len(takenIn(network)) > 0 {
			t.Errorf("%q: taken %v", lines[4], takenIn(network))
		}
	})
}

func TestListening(t *testing.T) {
	t.Run("the process is found by its address", func(t *testing.T) {
		if got, want := holder(take(t, "127.0.0.1:0").Addr().String()), "pid "+strconv.Itoa(os.Getpid()); !strings.Contains(got, want) {
			t.Errorf("%q, want %q in it", got, want)
		}
	})
	t.Run("connections, and listeners on other addresses, are ignored", func(t *testing.T) {
		const table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
			"   0: 0100007F:11D6 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 111 1\n" +
			"   1: 0100007F:11D6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1\n" +
			"   2: 0100517F:11D6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1\n" +
			"   3: 00000000:11D6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1\n"
		inodes := map[string]bool{}
		listening(table, netip.MustParseAddrPort("127.0.0.1:4566"), inodes)
		if len(inodes) != 2 || !inodes["socket:[222]"] || !inodes["socket:[444]"] {
			t.Errorf("%v, want sockets 222 and 444", inodes)
		}
	})
}
