package network

import (
	"slices"
	"testing"
)

// TestNoCreateStatementAllowsAnyParent requires that no statement allows a call on a kind that another call
// of the statement uses as a parent: the tag that is required of the new resource would allow any parent.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func TestNoCreateStatementAllowsAnyParent(t *testing.T) {
	parents := map[string][]string{
		"ec2:CreateFlowLogs":   {"natgateway", "network-interface", "subnet", "vpc"},
		"ec2:CreateNatGateway": {"elastic-ip", "subnet", "vpc"},
		"ec2:CreateRouteTable": {"vpc"}, "ec2:CreateSecurityGroup": {"vpc"}, "ec2:CreateSubnet": {"vpc"},
		"ec2:CreateVpcEndpoint":            {"route-table", "security-group", "subnet", "vpc"},
		"ec2:AuthorizeSecurityGroupEgress": {"security-group"}, "ec2:AuthorizeSecurityGroupIngress": {"security-group"},
	}
	for _, m := range creations {
		for _, action := range m.actions {
			for _, kind := range m.kinds {
				if slices.Contains(parents[action], kind) {
					t.Errorf("%s allows %s with any %s as the parent", m.sid, action, kind)
				}
			}
		}
	}
}
