package daemon

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// shortPath returns a path of the socket that is valid until closeDirectory is called. The kernel limits a socket's path
// to 107 bytes (unix(7)), which the repository's path may exceed. A socket in the shared temporary directory could be
// created by another user first.
func shortPath(socket string) (path string, closeDirectory func(), err error) {
	directory, err := os.Open(filepath.Dir(socket))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", directory.Fd(), filepath.Base(socket)), func() { _ = directory.Close() }, nil
}

// listenOn listens on an address. Only its owner can connect to a socket.
func listenOn(network, addr string) (net.Listener, error) {
	path := addr
	if network == "unix" {
		short, closeDirectory, err := shortPath(addr)
		if err != nil {
			return nil, fmt.Errorf("open the directory of the control socket: %w", err)
		}
		defer closeDirectory()
		path = short
	}
	listener, err := net.Listen(network, path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	if socket, ok := listener.(*net.UnixListener); ok {
		socket.SetUnlinkOnClose(false) // its path is specific to this process; prepare and down remove it
		// The report contains the administrator's key.
		if err := os.Chmod(addr, 0o600); err != nil {
			_ = listener.Close()
			return nil, fmt.Errorf("restrict the control socket to its owner: %w", err)
		}
	}
	return listener, nil
}
