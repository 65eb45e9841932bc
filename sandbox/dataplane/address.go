package dataplane

import (
	"fmt"
	"net/netip"
	"sync"
)

// Clients use the ports of the real services. The servers behind the TLS proxies listen without TLS on other ports of
// the same address.
const (
	postgresPort      = 5432
	redisPort         = 6379
	postgresPlainPort = 15432
	redisPlainPort    = 16379
	redisBusPort      = 17379
)

// addresses allocates loopback addresses, one per server, starting at network.1.1.
type addresses struct {
	mu      sync.Mutex
	network string // first two octets: "127.77"
	last    int
}

func newAddresses(network string) (*addresses, error) {
	first, err := netip.ParseAddr(network + ".0.0")
	if err != nil || !first.Is4() || !first.IsLoopback() {
		return nil, fmt.Errorf("data plane network %q: must be the first two octets of a loopback network, such as 127.77", network)
	}
	return &addresses{network: network}, nil
}

// next returns an unused address. Addresses are not reused: a client of a removed server must not reach another one.
func (a *addresses) next() (netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	const perRow, rows = 250, 254
	if a.last >= perRow*rows {
		return netip.Addr{}, fmt.Errorf("data plane network %s has no unused addresses: run make down, then make up", a.network)
	}
	row, column := a.last/perRow+1, a.last%perRow+1
	a.last++
	return netip.ParseAddr(fmt.Sprintf("%s.%d.%d", a.network, row, column))
}
