package gateway

import (
	"context"
	"fmt"
	"strconv"
)

// subnetZones are the subnets of those ids as the emulator shows them, with their zones.
func (g *Gateway) subnetZones(ctx context.Context, ids []string) (map[string]*node, error) {
	found := map[string]*node{}
	if len(ids) == 0 {
		return found, nil
	}
	query := map[string]string{"Action": "DescribeSubnets", "Filter.1.Name": "subnet-id"}
	for i, id := range ids {
		query["Filter.1.Value."+strconv.Itoa(i+1)] = id
	}
	answer, err := g.admin.query(ctx, "ec2", ec2Version, query)
	if err != nil {
		return nil, fmt.Errorf("zones of the subnets %v: %w", ids, err)
	}
	for _, subnet := range answer.child("subnetSet").items() {
		found[subnet.value("subnetId")] = subnet
	}
	return found, nil
}
