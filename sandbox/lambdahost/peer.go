package lambdahost

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// On AWS only the function's execution environment reaches its Runtime API. Here it is a port on
// loopback, which every process of the machine reaches; AWS_LAMBDA_RUNTIME_API has no place for a
// secret (a runtime may take it for a host and a port). So the kernel is asked whose the connection is.

// cameFrom reports whether a connection comes from the process pid or one that descends from it.
func cameFrom(conn net.Conn, pid int) bool {
	socket := peerSocket(conn)
	return socket != "" && slices.ContainsFunc(tree(pid), func(process int) bool { return holds(process, socket) })
}

// peerSocket is the inode of the other end's socket on this machine; empty when it is closed.
func peerSocket(conn net.Conn) string {
	own, peer := ipv4(conn.RemoteAddr()), ipv4(conn.LocalAddr())
	if !own.IsValid() || !peer.IsValid() {
		return ""
	}
	socket, err := askForSocket(own, peer)
	if err != nil {
		socket = findSocket(own, peer) // some containers have no sock_diag
	}
	if socket == "0" {
		return "" // closed
	}
	return socket
}

func ipv4(addr net.Addr) netip.AddrPort {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil || !at.Addr().Unmap().Is4() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// findSocket looks for a socket in the kernel's tables (proc_net_tcp: a row has its own end, the other
// one, and further on the inode; tcp6 has the IPv4 addresses that IPv6 sockets use, which end in the
// same digits).
func findSocket(own, peer netip.AddrPort) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			continue // without IPv6 there is no second table
		}
		for line := range strings.Lines(string(content)) {
			const local, remote, inode = 1, 2, 9
			fields := strings.Fields(line)
			if len(fields) > inode && strings.HasSuffix(fields[local], row(own)) && strings.HasSuffix(fields[remote], row(peer)) {
				return fields[inode]
			}
		}
	}
	return ""
}

// row is an address and port as the kernel's tables have them: the address is the machine's number.
func row(at netip.AddrPort) string {
	ip := at.Addr().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), at.Port())
}

// holds reports whether a process has the socket open.
func holds(pid int, socket string) bool {
	folder := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	files, err := os.ReadDir(folder)
	if err != nil {
		return false // the process has ended
	}
	return slices.ContainsFunc(files, func(file os.DirEntry) bool {
		target, err := os.Readlink(filepath.Join(folder, file.Name()))
		return err == nil && target == "socket:["+socket+"]"
	})
}
