package main

import (
	"fmt"

	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/network"
)

// addresses checks that the network's isolated subnets have the addresses that the data component needs.
type addresses struct {
	network network.Config
	data    data.Config
}

// Validate rejects a network whose isolated subnets have fewer addresses than there are database instances and
// cache nodes: AWS would reject the last ones, after it has created the first.
func (a addresses) Validate() []config.FieldError {
	if config.Check("network", a.network) != nil || config.Check("data", a.data) != nil {
		return nil
	}
	instances, nodes := a.data.Database.Clusters()*(1+a.data.Database.Readers), a.data.Cache.Shards*(1+a.data.Cache.Replicas)
	if most := a.network.DataAddresses(); instances+nodes > most {
		return []config.FieldError{{
			Key: "cidr", Value: config.Quote(a.network.CIDR),
			MustBe: fmt.Sprintf("a larger network: its data subnets have addresses for %d database instances and cache nodes next to the proxy, and there are %d and %d",
				most, instances, nodes),
		}}
	}
	return nil
}
