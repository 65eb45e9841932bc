package mocks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// VpcToken is the type of awsx's VPC, a component of another process: its children are not run
// under mocks, so a program that uses it needs Vpc's outputs.
const VpcToken = "awsx:ec2:Vpc"

// tiers are the kinds of subnets that Vpc returns, in awsx's order.
var tiers = []string{"Public", "Private", "Isolated"}

// Vpc returns the outputs of an awsx VPC with so many zones and all three kinds of subnets. The route tables
// it refers to are those that RouteTables registers, which the program must do first, with the name
// of its VPC.
func Vpc(zones int) func(Resource) map[string]any {
	return func(vpc Resource) map[string]any {
		ids := map[string][]any{}
		var tables []any
		for zone := range zones {
			for _, tier := range tiers {
				table := tableName(vpc.Name, tier, zone)
				ids[tier] = append(ids[tier], table+"-subnet")
				urn := resource.NewURN(Stack, Project, "", "aws:ec2/routeTable:RouteTable", table)
				tables = append(tables, resource.ResourceReference{URN: urn, ID: resource.NewProperty(table + "-id")})
			}
		}
		return map[string]any{
			"vpcId":             vpc.Name + "-id",
			"publicSubnetIds":   ids["Public"],
			"privateSubnetIds":  ids["Private"],
			"isolatedSubnetIds": ids["Isolated"],
			"routeTables":       tables,
		}
	}
}

// RouteTables registers what Vpc refers to: a table per zone and kind of subnet, tagged as awsx tags
// them. It returns once they are registered.
func RouteTables(ctx *pulumi.Context, vpcName string, zones int) error {
	var ids []any
	for zone := range zones {
		for _, tier := range tiers {
			table, err := ec2.NewRouteTable(ctx, tableName(vpcName, tier, zone), &ec2.RouteTableArgs{
				VpcId: pulumi.String(vpcName + "-id"),
				Tags:  pulumi.StringMap{"SubnetType": pulumi.String(tier)},
			})
			if err != nil {
				return fmt.Errorf("mocks: register a route table: %w", err)
			}
			ids = append(ids, table.ID())
		}
	}
	registered := make(chan struct{})
	pulumi.All(ids...).ApplyT(func([]any) bool {
		close(registered)
		return true
	})
	<-registered
	return nil
}

func tableName(vpcName, tier string, zone int) string {
	return fmt.Sprintf("%s-%s-%d", vpcName, tier, zone+1)
}
