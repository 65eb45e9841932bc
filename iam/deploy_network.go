package iam

import (
	"strings"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// networkKinds are the kinds of EC2 resources that the network is made of.
var networkKinds = []string{
	"elastic-ip", "internet-gateway", "natgateway", "route-table",
	"security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint", "vpc-flow-log",
}

// deployNetwork makes and changes the VPC. EC2 gives ids, not names: what is made must get the stack's
// tag, and what it is made in, or changed, must carry it. Nothing tells the default security group of a new
// VPC, nor the interfaces that Lambda leaves behind, from those of other programs: an administrator creates
// the network and deletes it (docs/how-to/set-up-gitlab.md, docs/how-to/runbook.md).
func (s site) deployNetwork() rights {
	return rights{"network", append(s.makingNetwork(),
		policy.Statement{
			// Nothing that is there already is taken over by a tag.
			Sid:       "TagWhatIsMade",
			Actions:   []string{"ec2:CreateTags"},
			Resources: s.ec2(networkKinds...),
			Condition: map[string]any{"StringEquals": map[string]any{
				stacktag.InRequest: s.owner(), "ec2:CreateAction": createActions(),
			}},
		},
		policy.Statement{
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
			Resources: s.ec2(networkKinds...),
			Condition: s.tagged(),
		},
		s.passing("FlowLogsRole", "vpc-flow-logs.amazonaws.com", roomNetwork),
	)}
}

// networkMakes are the calls that make a part of the network, with the kinds that they make. Calls
// stand together only where none of them takes as a parent what another one makes: the tag that is
// asked of the new would else let the parent be anybody's.
var networkMakes = []struct {
	sid            string
	actions, kinds []string
}{
	{
		"Make", []string{"ec2:AllocateAddress", "ec2:CreateInternetGateway", "ec2:CreateVpc"},
		[]string{"elastic-ip", "internet-gateway", "vpc"},
	},
	{
		"MakeInVpc", []string{"ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet"},
		[]string{"route-table", "security-group", "subnet"},
	},
	{"MakeNatGateway", []string{"ec2:CreateNatGateway"}, []string{"natgateway"}},
	{"MakeBeside", []string{"ec2:CreateFlowLogs", "ec2:CreateVpcEndpoint"}, []string{"vpc-endpoint", "vpc-flow-log"}},
	{
		"MakeRule", []string{"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"},
		[]string{"security-group-rule"},
	},
}

func (s site) makingNetwork() []policy.Statement {
	var all []policy.Statement
	for _, m := range networkMakes {
		all = append(all, policy.Statement{
			Sid: m.sid, Actions: m.actions, Resources: s.ec2(m.kinds...), Condition: s.tagging(),
		})
	}
	return all
}

// createActions are the calls that make, as the condition key ec2:CreateAction has them.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func createActions() []string {
	var names []string
	for _, m := range networkMakes {
		for _, action := range m.actions {
			names = append(names, strings.TrimPrefix(action, "ec2:"))
		}
	}
	return names
}

// ec2 are the ARNs of every resource of these kinds.
func (s site) ec2(kinds ...string) []pulumi.StringInput {
	all := make([]pulumi.StringInput, len(kinds))
	for i, kind := range kinds {
		all[i] = s.arn("ec2", kind+"/*")
	}
	return all
}
