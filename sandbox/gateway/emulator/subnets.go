package emulator

import (
	"context"
	"fmt"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// SubnetZones returns the subnets of the IDs, which have their zones, by ID.
func (c *Client) SubnetZones(ctx context.Context, ids []string) (map[string]*xmltree.Node, error) {
	found := map[string]*xmltree.Node{}
	if len(ids) == 0 {
		return found, nil
	}
	query := map[string]string{"Action": "DescribeSubnets", "Filter.1.Name": "subnet-id"}
	for i, id := range ids {
		query["Filter.1.Value."+strconv.Itoa(i+1)] = id
	}
	response, err := c.Query(ctx, "ec2", EC2Version, query)
	if err != nil {
		return nil, fmt.Errorf("zones of the subnets %v: %w", ids, err)
	}
	for _, subnet := range response.Child("subnetSet").Items() {
		found[subnet.Value("subnetId")] = subnet
	}
	return found, nil
}
