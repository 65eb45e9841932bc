package daemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// CheckPorts names every address of the sandbox that somebody else listens on,
// and by whom as far as can be told.
func CheckPorts(l layout.Layout) error {
	var taken []string
	for what, addr := range map[string]string{
		"the AWS endpoint": l.GatewayAddr(), "the emulator": l.EmulatorAddr(), "the API": l.APIAddr(),
	} {
		if line := check(what, addr); line != "" {
			taken = append(taken, line+"; SANDBOX_PORT=5566 make up uses 5566 to 5568 instead")
		}
	}
	for what, port := range map[string]string{"PostgreSQL": "5432", "Redis": "6379"} {
		if line := check(what, net.JoinHostPort(l.Network+".1.1", port)); line != "" {
			taken = append(taken, line+"; SANDBOX_NET=127.78 make up uses another loopback network, unless the other one listens on all addresses")
		}
	}
	if len(taken) == 0 {
		return nil
	}
	return errors.New(strings.Join(taken, "\n"))
}

func check(what, addr string) string {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Sprintf("%s for %s is taken%s (%v)", addr, what, holder(addr), errors.Unwrap(err))
	}
	_ = listener.Close()
	return ""
}

// holder says who listens on the address's port, when /proc tells.
func holder(addr string) string {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return ""
	}
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err == nil {
			listening(string(content), uint16(port), inodes)
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

// listening collects the sockets of a /proc/net/tcp table that listen on port,
// as the links in /proc/*/fd name them.
func listening(table string, port uint16, inodes map[string]bool) {
	suffix := fmt.Sprintf(":%04X", port)
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		const local, state, inode, listen = 1, 3, 9, "0A"
		if len(fields) > inode && fields[state] == listen && strings.HasSuffix(fields[local], suffix) {
			inodes["socket:["+fields[inode]+"]"] = true
		}
	}
}
