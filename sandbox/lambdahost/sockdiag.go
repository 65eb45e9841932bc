package lambdahost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"syscall"
)

// From sock_diag(7) and netlink(7); package syscall has the other constants.
const (
	netlinkSockDiag  = 4
	sockDiagByFamily = 20
	diagRequest      = 16 + 56 // message header and inet_diag_req_v2
	diagInode        = 16 + 68 // offset of the inode in inet_diag_msg
)

// querySocket gets the inode of the IPv4 socket between two addresses from the kernel in microseconds. Searching its
// tables takes tens of milliseconds on a busy machine.
func querySocket(own, peer netip.AddrPort) (string, error) {
	netlink, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkSockDiag)
	if err != nil {
		return "", fmt.Errorf("query a socket: %w", err)
	}
	defer func() { _ = syscall.Close(netlink) }()
	if err := syscall.Sendto(netlink, diagMessage(own, peer), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return "", fmt.Errorf("query a socket: %w", err)
	}
	reply := make([]byte, 1024)
	n, _, err := syscall.Recvfrom(netlink, reply, 0)
	if err != nil {
		return "", fmt.Errorf("query a socket: %w", err)
	}
	if n < diagInode+4 || binary.NativeEndian.Uint16(reply[4:]) != sockDiagByFamily {
		return "", errors.New("query a socket: the kernel has none")
	}
	return strconv.FormatUint(uint64(binary.NativeEndian.Uint32(reply[diagInode:])), 10), nil
}

// diagMessage is a request for one TCP socket in any state.
func diagMessage(own, peer netip.AddrPort) []byte {
	m := make([]byte, 0, diagRequest)
	m = binary.NativeEndian.AppendUint32(m, diagRequest)
	m = binary.NativeEndian.AppendUint16(m, sockDiagByFamily)
	m = binary.NativeEndian.AppendUint16(m, syscall.NLM_F_REQUEST)
	m = append(m, make([]byte, 8)...) // sequence, port
	m = append(m, syscall.AF_INET, syscall.IPPROTO_TCP, 0, 0)
	m = binary.NativeEndian.AppendUint32(m, ^uint32(0)) // states
	m = binary.BigEndian.AppendUint16(m, own.Port())
	m = binary.BigEndian.AppendUint16(m, peer.Port())
	for _, end := range []netip.AddrPort{own, peer} {
		ip := end.Addr().As4()
		m = append(append(m, ip[:]...), make([]byte, 12)...)
	}
	m = append(m, 0, 0, 0, 0)                              // interface
	return binary.NativeEndian.AppendUint64(m, ^uint64(0)) // no cookie
}
