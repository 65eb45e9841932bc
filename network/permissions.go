package network

import (
	"strings"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// componentName is part of every name of the component.
const componentName = "network"

// Permissions are what the component needs of the roles that preview and deploy it. EC2 assigns ids, not
// names: what is created must get the stack's tag, and what it is created in, or changed, must carry it.
// The default security group of a new VPC, and the interfaces that Lambda leaves behind, cannot be
// distinguished from those of other programs: an administrator creates the network and deletes it
// (docs/how-to/set-up-gitlab.md, docs/how-to/runbook.md).
func Permissions(s policy.Scope) policy.Permissions {
	flows := s.Named(componentName, "logs", "log-group:")
	return policy.Permissions{
		Deploy: policy.Managed{
			Network:    append(createPermissions(s), changePermissions(s)...),
			Operations: []policy.Statement{endpointZone(s)},
		},
		Lists: []string{
			"ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute", "ec2:DescribeAvailabilityZones",
			"ec2:DescribeFlowLogs", "ec2:DescribeInternetGateways",
			"ec2:DescribeNatGateways", "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
			"ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules",
			"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcAttribute",
			"ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs", "logs:DescribeLogGroups",
		},
		Describes: []string{"logs:ListTagsForResource"},
		Described: flows,
		// The program looks up the zones of the region and the subnets that the stack has (zones.go).
		PreviewLists:  []string{"ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets"},
		LogGroups:     flows,
		Roles:         s.Roles(componentName),
		WorkloadLists: []string{"logs:DescribeLogGroups"},
	}
}

// changePermissions are about what carries the stack's tag, or gets it while it is created.
func changePermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			// An existing resource cannot be tagged as the stack's.
			Sid:       "TagNewResources",
			Actions:   []string{"ec2:CreateTags"},
			Resources: ec2ARNs(s, kinds...),
			Condition: map[string]any{"StringEquals": map[string]any{
				stacktag.InRequest: s.Owner(), "ec2:CreateAction": createActions(),
			}},
		},
		{
			Sid: "Change",
			Actions: []string{
				"ec2:AssociateRouteTable", "ec2:AttachInternetGateway",
				"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs",
				"ec2:CreateNatGateway", "ec2:CreateNetworkInterface", "ec2:CreateRoute", "ec2:CreateRouteTable",
				"ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:DeleteFlowLogs",
				"ec2:DeleteInternetGateway", "ec2:DeleteNatGateway", "ec2:DeleteRoute", "ec2:DeleteRouteTable",
				"ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc",
				"ec2:DeleteVpcEndpoints", "ec2:DetachInternetGateway", "ec2:DisassociateAddress",
				"ec2:DisassociateRouteTable", "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute",
				"ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint", "ec2:ReleaseAddress", "ec2:ReplaceRoute",
				"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
			},
			Resources: ec2ARNs(s, kinds...),
			Condition: s.Tagged(),
		},
		s.PassRole("FlowLogsRole", "vpc-flow-logs.amazonaws.com", componentName),
	}
}

// endpointZone is about the zone of an endpoint's private name, which EC2 associates in the caller's name. A
// caller that associates a zone itself could have another stack's network resolve a name of RDS to nothing.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html (CreateVpcEndpoint)
func endpointZone(s policy.Scope) policy.Statement {
	return policy.Statement{
		Sid:       "EndpointZone",
		Actions:   []string{"route53:AssociateVPCWithHostedZone"},
		Resources: s.HostedZones(),
		Condition: map[string]any{"Bool": map[string]any{"aws:ViaAWSService": "true"}},
	}
}

// kinds are the kinds of EC2 resources that the network consists of.
var kinds = []string{
	"elastic-ip", "internet-gateway", "natgateway", "route-table",
	"security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint", "vpc-flow-log",
}

// creations are the calls that create a resource of the network, with the kinds that they create. Two calls share a
// statement only if neither takes what the other creates as its parent, as CreateSubnet takes a VPC: the statement requires
// the stack's tag of the new resource alone, and would allow a parent without it.
var creations = []struct {
	sid            string
	actions, kinds []string
}{
	{
		"Create", []string{"ec2:AllocateAddress", "ec2:CreateInternetGateway", "ec2:CreateVpc"},
		[]string{"elastic-ip", "internet-gateway", "vpc"},
	},
	{
		"CreateInVpc", []string{"ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet"},
		[]string{"route-table", "security-group", "subnet"},
	},
	{"CreateNatGateway", []string{"ec2:CreateNatGateway"}, []string{"natgateway"}},
	{"CreateEndpointsAndFlowLogs", []string{"ec2:CreateFlowLogs", "ec2:CreateVpcEndpoint"}, []string{"vpc-endpoint", "vpc-flow-log"}},
	{
		"CreateRule", []string{"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"},
		[]string{"security-group-rule"},
	},
}

func createPermissions(s policy.Scope) []policy.Statement {
	var all []policy.Statement
	for _, c := range creations {
		all = append(all, policy.Statement{
			Sid: c.sid, Actions: c.actions, Resources: ec2ARNs(s, c.kinds...), Condition: s.Tagging(),
		})
	}
	return all
}

// createActions are these calls as the condition key ec2:CreateAction has them.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func createActions() []string {
	var names []string
	for _, c := range creations {
		for _, action := range c.actions {
			names = append(names, strings.TrimPrefix(action, "ec2:"))
		}
	}
	return names
}

// ec2ARNs are every resource of these kinds.
func ec2ARNs(s policy.Scope, kinds ...string) []pulumi.StringInput {
	resources := make([]string, len(kinds))
	for i, kind := range kinds {
		resources[i] = kind + "/*"
	}
	return s.ARNs("ec2", resources...)
}
