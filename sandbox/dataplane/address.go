package dataplane

import (
	"fmt"
	"net/netip"
	"sync"
)

// The ports that clients see are the real services'; the servers behind the
// TLS fronts listen, without TLS, beside them on the same address.
const (
	postgresPort      = 5432
	redisPort         = 6379
	postgresPlainPort = 15432
	redisPlainPort    = 16379
	redisBusPort      = 17379
)

// addresses hands out loopback addresses, one a server, from network.1.1 on.
type addresses struct {
	mu      sync.Mutex
	network string // first two numbers: "127.77"
	last    int
}

func newAddresses(network string) (*addresses, error) {
	first, err := netip.ParseAddr(network + ".0.0")
	if err != nil || !first.Is4() || !first.IsLoopback() {
		return nil, fmt.Errorf("data plane network %q: want the first two numbers of a loopback network, such as 127.77", network)
	}
	return &addresses{network: network}, nil
}

// next gives an address that no server had before. Addresses are not reused:
// a client that still knows a removed server must not reach another one.
func (a *addresses) next() (netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	const perRow, rows = 250, 254
	if a.last >= perRow*rows {
		return netip.Addr{}, fmt.Errorf("data plane network %s is used up: make down, then make up", a.network)
	}
	row, column := a.last/perRow+1, a.last%perRow+1
	a.last++
	return netip.ParseAddr(fmt.Sprintf("%s.%d.%d", a.network, row, column))
}
