// Package testnet gives each test a loopback network of its own, next to the tests of other packages and
// of other checkouts on the same machine.
package testnet

import (
	"fmt"
	"net"
	"testing"
)

// The networks are below those that a sandbox has or proposes (127.77 and up) and those of the tests'
// fixed addresses (127.75 and 127.76).
const first, last = 20, 69

// Claim returns the first two numbers of a network, such as 127.20, which no other test gets until this
// one ends: it listens on an address there that no server has.
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
