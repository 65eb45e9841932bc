package daemon

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// shortPath names a socket by its open folder, for use before close. The kernel takes 107 bytes for a
// socket's path (unix(7)), and a repository may be further down; a socket in the machine's folder of
// temporary files could be put there first by another user.
func shortPath(socket string) (path string, closeFolder func(), err error) {
	folder, err := os.Open(filepath.Dir(socket))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(socket)), func() { _ = folder.Close() }, nil
}

// listenOn listens on an address; on a socket, only the owner can connect.
func listenOn(network, addr string) (net.Listener, error) {
	path := addr
	if network == "unix" {
		short, closeFolder, err := shortPath(addr)
		if err != nil {
			return nil, fmt.Errorf("open the folder of the control socket: %w", err)
		}
		defer closeFolder()
		path = short
	}
	listener, err := net.Listen(network, path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	if socket, ok := listener.(*net.UnixListener); ok {
		socket.SetUnlinkOnClose(false) // its name is of this process; prepare and down remove it
		// The report on it holds the administrator's key.
		if err := os.Chmod(addr, 0o600); err != nil {
			_ = listener.Close()
			return nil, fmt.Errorf("close the control socket to others: %w", err)
		}
	}
	return listener, nil
}
