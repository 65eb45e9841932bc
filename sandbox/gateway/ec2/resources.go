package ec2

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// kinds are EC2's resource types by the prefix of their IDs.
var kinds = map[string]string{
	"acl": "network-acl", "eipalloc": "elastic-ip", "eni": "network-interface", "fl": "vpc-flow-log",
	"igw": "internet-gateway", "nat": "natgateway", "rtb": "route-table", "sg": "security-group",
	"sgr": "security-group-rule", "subnet": "subnet", "vpc": "vpc", "vpce": "vpc-endpoint",
}

// creates are the resource types that calls create, whose IDs AWS generates.
var creates = map[string]string{
	"AllocateAddress": "elastic-ip", "CreateFlowLogs": "vpc-flow-log", "CreateInternetGateway": "internet-gateway",
	"CreateNatGateway": "natgateway", "CreateRouteTable": "route-table", "CreateSecurityGroup": "security-group",
	"CreateSubnet": "subnet", "CreateVpc": "vpc", "CreateVpcEndpoint": "vpc-endpoint",
	"AuthorizeSecurityGroupEgress": "security-group-rule", "AuthorizeSecurityGroupIngress": "security-group-rule",
	"CreateNetworkInterface": "network-interface",
}

var idPattern = regexp.MustCompile(`^([a-z]+)-[0-9a-f]{8,}$`)

// resources returns every resource whose ID is in the call, with its tags, and the resource that the call creates,
// with its requested tags. An association's ID counts as that of the associated resource.
func (s *service) resources(ctx context.Context, action string, x *call.Exchange) ([]iampolicy.Resource, error) {
	requested := call.RequestTags(x)
	var all []iampolicy.Resource
	if kind, ok := creates[action]; ok {
		all = append(all, iampolicy.Resource{ARN: s.ARN("ec2", kind+"/*"), Keys: requested})
	}
	for _, values := range x.Form {
		for _, id := range values {
			id, err := s.associated(ctx, id)
			if err != nil {
				return nil, err
			}
			match := idPattern.FindStringSubmatch(id)
			if match == nil || kinds[match[1]] == "" || match[1] == "sgr" && x.Form.Get("GroupId") != "" {
				continue // the group identifies its rule
			}
			keys := maps.Clone(requested)
			if err := s.addEC2Tags(ctx, id, keys); err != nil {
				return nil, err
			}
			all = append(all, iampolicy.Resource{ARN: s.ARN("ec2", kinds[match[1]]+"/"+id), Keys: keys})
		}
	}
	return all, nil
}

// associations are the actions that list the resources of associations, by prefix of an association's ID.
var associations = map[string]struct{ describe, set, id string }{
	"rtbassoc": {"DescribeRouteTables", "routeTableSet", "routeTableId"},
	"eipassoc": {"DescribeAddresses", "addressesSet", "allocationId"},
}

// associated returns the ID of an association's resource, and any other ID unchanged.
func (s *service) associated(ctx context.Context, id string) (string, error) {
	kind, _, _ := strings.Cut(id, "-")
	of, ok := associations[kind]
	if !ok {
		return id, nil
	}
	response, err := s.Emulator.Query(ctx, "ec2", emulator.EC2Version, map[string]string{"Action": of.describe})
	if err != nil {
		return "", err
	}
	for _, item := range response.First(of.set).Items() {
		if slices.Contains(append(xmltree.ChildTexts(item, "routeTableAssociationId"), xmltree.ChildTexts(item, "associationId")...), id) {
			return item.Value(of.id), nil
		}
	}
	return id, nil
}

func (s *service) addEC2Tags(ctx context.Context, id string, keys map[string][]string) error {
	response, err := s.Emulator.Query(ctx, "ec2", emulator.EC2Version, map[string]string{
		"Action": "DescribeTags", "Filter.1.Name": "resource-id", "Filter.1.Value.1": id,
	})
	if err != nil {
		return err
	}
	for _, item := range response.First("tagSet").Items() {
		key := "aws:resourcetag/" + strings.ToLower(item.Value("key"))
		keys[key] = append(keys[key], item.Value("value"))
	}
	return nil
}
