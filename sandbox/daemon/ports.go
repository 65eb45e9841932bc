package daemon

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// CheckPorts returns an error that names every address of the sandbox that is in use and, if possible, the process that
// uses it.
func CheckPorts(l layout.Layout) error {
	taken := takenOf(l.Port)
	if len(taken) > 0 {
		taken = append(taken, elsewhere("SANDBOX_PORT=%d make up uses %[1]d and the next three instead", otherPort))
	}
	if servers := takenIn(l.Network); len(servers) > 0 {
		taken = append(taken, servers...)
		taken = append(taken, elsewhere("SANDBOX_NET=%s make up uses another loopback network", otherNetwork))
	}
	if len(taken) == 0 {
		return nil
	}
	return errors.New(strings.Join(taken, "\n"))
}

// takenOf lists the ports in use among the four that start at first.
func takenOf(first int) []string {
	l := layout.Layout{Port: first}
	return slices.Concat(
		check("the AWS endpoint", l.GatewayAddr()), check("the emulator", l.EmulatorAddr()), check("the API", l.APIAddr()), check("the page", l.PageAddr()))
}

// takenIn lists the addresses in use among the network's first.
func takenIn(network string) []string {
	first := network + ".1.1"
	return slices.Concat(
		check("PostgreSQL", net.JoinHostPort(first, "5432")), check("Redis", net.JoinHostPort(first, "6379")))
}

// elsewhere formats the hint with the free port or network that find returns.
func elsewhere[T any](hint string, find func() (T, bool)) string {
	free, ok := find()
	if !ok {
		return "stop the process that listens there"
	}
	return fmt.Sprintf(hint, free)
}

// otherPort finds the first of four consecutive free ports.
func otherPort() (int, bool) {
	for first := 5566; first < 1<<16-3; first += 100 {
		if len(takenOf(first)) == 0 {
			return first, true
		}
	}
	return 0, false
}

// otherNetwork finds a loopback network with free addresses. There is none if a process listens on all addresses.
func otherNetwork() (string, bool) {
	for second := 78; second < 1<<8; second++ {
		if network := fmt.Sprintf("127.%d", second); len(takenIn(network)) == 0 {
			return network, true
		}
	}
	return "", false
}

// check describes the address if it is in use.
func check(what, addr string) []string {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return []string{fmt.Sprintf("%s for %s is taken%s (%v)", addr, what, holder(addr), errors.Unwrap(err))}
	}
	_ = listener.Close()
	return nil
}

// holder names the process that listens on the address, as far as /proc shows it.
func holder(addr string) string {
	address, err := netip.ParseAddrPort(addr)
	if err != nil {
		return ""
	}
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err == nil {
			listening(string(content), address, inodes)
		}
	}
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return ""
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !inodes[target] {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, err := os.ReadFile("/proc/" + pid + "/comm")
		if err != nil {
			continue
		}
		return fmt.Sprintf(" by %s, pid %s", strings.TrimSpace(string(name)), pid)
	}
	return ""
}

// listening adds the sockets of a /proc/net/tcp table that listen on the IPv4 address, or on all addresses. Their names
// are those of the links in /proc/*/fd.
func listening(table string, address netip.AddrPort, inodes map[string]bool) {
	ip := address.Addr().As4()
	// The kernel prints the address in the machine's byte order (proc_net_tcp).
	own := fmt.Sprintf("%08X", binary.NativeEndian.Uint32(ip[:]))
	port := fmt.Sprintf("%04X", address.Port())
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		const local, state, inode, listen = 1, 3, 9, "0A"
		if len(fields) <= inode || fields[state] != listen {
			continue
		}
		host, at, _ := strings.Cut(fields[local], ":")
		if at == port && (host == own || strings.Trim(host, "0") == "") {
			inodes["socket:["+fields[inode]+"]"] = true
		}
	}
}
