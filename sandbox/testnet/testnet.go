// Package testnet assigns each test its own loopback network, unique among all packages and checkouts on the machine.
package testnet

import (
	"fmt"
	"net"
	"testing"
)

// The networks are below those of sandboxes (127.77 and above) and the tests' fixed addresses (127.75 and 127.76).
const first, last = 20, 69

// Claim returns the first two octets of a network, such as 127.20, and reserves it until the test ends. The reservation
// is a listener on an address that no server uses.
func Claim(t testing.TB) string {
	t.Helper()
	for second := first; second <= last; second++ {
		network := fmt.Sprintf("127.%d", second)
		listener, err := net.Listen("tcp", network+".255.254:15432")
		if err == nil {
			t.Cleanup(func() { _ = listener.Close() })
			return network
		}
	}
	t.Fatalf("no loopback network from 127.%d to 127.%d is free", first, last)
	return ""
}
