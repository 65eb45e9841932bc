package gateway

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// ec2Kinds are the kinds of EC2's resources by the beginning of their ids.
var ec2Kinds = map[string]string{
	"acl": "network-acl", "eipalloc": "elastic-ip", "eni": "network-interface", "fl": "vpc-flow-log",
	"igw": "internet-gateway", "nat": "natgateway", "rtb": "route-table", "sg": "security-group",
	"sgr": "security-group-rule", "subnet": "subnet", "vpc": "vpc", "vpce": "vpc-endpoint",
}

// ec2Makes are the kinds that a call makes, whose ids AWS makes up.
var ec2Makes = map[string]string{
	"AllocateAddress": "elastic-ip", "CreateFlowLogs": "vpc-flow-log", "CreateInternetGateway": "internet-gateway",
	"CreateNatGateway": "natgateway", "CreateRouteTable": "route-table", "CreateSecurityGroup": "security-group",
	"CreateSubnet": "subnet", "CreateVpc": "vpc", "CreateVpcEndpoint": "vpc-endpoint",
	"AuthorizeSecurityGroupEgress": "security-group-rule", "AuthorizeSecurityGroupIngress": "security-group-rule",
	"CreateNetworkInterface": "network-interface",
}

var ec2ID = regexp.MustCompile(`^([a-z]+)-[0-9a-f]{8,}$`)

// namedEC2 is every resource whose id stands in the call, with its tags, and what the call makes, with
// the tags that it is to get. An association stands for what it ties to the network.
func (g *Gateway) namedEC2(ctx context.Context, action string, x *exchange) ([]iampolicy.Resource, error) {
	requested := requestTags(x)
	var all []iampolicy.Resource
	if kind, ok := ec2Makes[action]; ok {
		all = append(all, iampolicy.Resource{ARN: g.arn("ec2", kind+"/*"), Keys: requested})
	}
	for _, values := range x.form {
		for _, id := range values {
			id, err := g.associated(ctx, id)
			if err != nil {
				return nil, err
			}
			match := ec2ID.FindStringSubmatch(id)
			if match == nil || ec2Kinds[match[1]] == "" || match[1] == "sgr" && x.form.Get("GroupId") != "" {
				continue // a group's own rule is told by the group
			}
			keys := maps.Clone(requested)
			if err := g.addEC2Tags(ctx, id, keys); err != nil {
				return nil, err
			}
			all = append(all, iampolicy.Resource{ARN: g.arn("ec2", ec2Kinds[match[1]]+"/"+id), Keys: keys})
		}
	}
	return all, nil
}

// ec2Associations are where to find what an association's id belongs to.
var ec2Associations = map[string]struct{ describe, set, id string }{
	"rtbassoc": {"DescribeRouteTables", "routeTableSet", "routeTableId"},
	"eipassoc": {"DescribeAddresses", "addressesSet", "allocationId"},
}

// associated is the id of what an association ties to the network; any other id as it is.
func (g *Gateway) associated(ctx context.Context, id string) (string, error) {
	kind, _, _ := strings.Cut(id, "-")
	of, ok := ec2Associations[kind]
	if !ok {
		return id, nil
	}
	answer, err := g.admin.query(ctx, "ec2", ec2Version, map[string]string{"Action": of.describe})
	if err != nil {
		return "", err
	}
	for _, item := range answer.first(of.set).items() {
		if slices.Contains(append(childTexts(item, "routeTableAssociationId"), childTexts(item, "associationId")...), id) {
			return item.value(of.id), nil
		}
	}
	return id, nil
}

func (g *Gateway) addEC2Tags(ctx context.Context, id string, keys map[string][]string) error {
	answer, err := g.admin.query(ctx, "ec2", ec2Version, map[string]string{
		"Action": "DescribeTags", "Filter.1.Name": "resource-id", "Filter.1.Value.1": id,
	})
	if err != nil {
		return err
	}
	for _, item := range answer.first("tagSet").items() {
		key := "aws:resourcetag/" + strings.ToLower(item.value("key"))
		keys[key] = append(keys[key], item.value("value"))
	}
	return nil
}
