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

// On AWS, only the function's execution environment can reach its Runtime API. Here it is a port on loopback, which
// every process of the machine can reach, and AWS_LAMBDA_RUNTIME_API cannot contain a secret (a runtime may parse it as
// host and port). So the host determines the process of each connection from the kernel.

// belongsTo reports whether a connection belongs to the process or one of its descendants.
func belongsTo(conn net.Conn, pid int) bool {
	socket := peerSocket(conn)
	return socket != "" && slices.ContainsFunc(tree(pid), func(process int) bool { return holds(process, socket) })
}

// peerSocket returns the inode of the peer's socket on this machine, or "" if it is closed.
func peerSocket(conn net.Conn) string {
	own, peer := ipv4(conn.RemoteAddr()), ipv4(conn.LocalAddr())
	if !own.IsValid() || !peer.IsValid() {
		return ""
	}
	socket, err := querySocket(own, peer)
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

// findSocket searches for a socket in the kernel's tables (proc_net_tcp: a row has the local address, the remote
// address and the inode; tcp6 has the IPv4 addresses of IPv6 sockets, which end in the same digits).
func findSocket(own, peer netip.AddrPort) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			continue // without IPv6, there is only one table
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

// row formats an address and port as in the kernel's tables: the address is in the machine's byte order.
func row(at netip.AddrPort) string {
	ip := at.Addr().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), at.Port())
}

// holds reports whether a process has the socket open.
func holds(pid int, socket string) bool {
	directory := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	files, err := os.ReadDir(directory)
	if err != nil {
		return false // the process has exited
	}
	return slices.ContainsFunc(files, func(file os.DirEntry) bool {
		target, err := os.Readlink(filepath.Join(directory, file.Name()))
		return err == nil && target == "socket:["+socket+"]"
	})
}
