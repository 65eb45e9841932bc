package iam

import (
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// networkKinds are the kinds of EC2 resources that the network is made of.
var networkKinds = []string{
	"elastic-ip", "internet-gateway", "natgateway", "network-acl", "network-interface", "route-table",
	"security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint", "vpc-flow-log",
}

// deployNetwork makes and changes the VPC. EC2 gives ids, not names: what is made must carry the
// stack's tag, and only what carries it is changed.
func (s site) deployNetwork() rights {
	kinds := make([]pulumi.StringInput, len(networkKinds))
	for i, kind := range networkKinds {
		kinds[i] = s.arn("ec2", kind+"/*")
	}
	return rights{"network", []policy.Statement{
		{
			Sid:       "Make",
			Actions:   networkMakes,
			Resources: kinds,
		},
		{
			// Nothing that is there already is taken over by a tag.
			Sid:       "TagWhatIsMade",
			Actions:   []string{"ec2:CreateTags"},
			Resources: kinds,
			Condition: map[string]any{"StringEquals": map[string]any{
				"aws:RequestTag/environment": s.stack, "ec2:CreateAction": createActions(),
			}},
		},
		{
			// A VPC comes with a security group that nobody has tagged yet.
			Sid:       "TagDefaultGroup",
			Actions:   []string{"ec2:CreateTags"},
			Resources: []pulumi.StringInput{s.arn("ec2", "security-group/*")},
			Condition: s.notYetTagged(),
		},
		{
			Sid: "Change",
			Actions: []string{
				"ec2:AssociateAddress", "ec2:AssociateRouteTable", "ec2:AttachInternetGateway", "ec2:CreateRoute",
				"ec2:CreateTags", "ec2:DeleteFlowLogs", "ec2:DeleteInternetGateway", "ec2:DeleteNatGateway", "ec2:DeleteRoute",
				"ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteTags",
				"ec2:DeleteVpc", "ec2:DeleteVpcEndpoints", "ec2:DetachInternetGateway", "ec2:DisassociateAddress",
				"ec2:DisassociateRouteTable", "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute",
				"ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint", "ec2:ReleaseAddress", "ec2:ReplaceRoute",
				"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
			},
			Resources: kinds,
			Condition: map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/environment": s.stack}},
		},
		{
			Sid:       "FlowLogsRole",
			Actions:   []string{"iam:PassRole"},
			Resources: []pulumi.StringInput{s.global("iam", "role/"+s.prefix+"-network-*")},
			Condition: passedTo("vpc-flow-logs.amazonaws.com"),
		},
	}}
}

// networkMakes are the calls that make a part of the network.
var networkMakes = []string{
	"ec2:AllocateAddress", "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress",
	"ec2:CreateFlowLogs", "ec2:CreateInternetGateway", "ec2:CreateNatGateway", "ec2:CreateRouteTable",
	"ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
}

// createActions are the calls that make, as the condition key ec2:CreateAction has them.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func createActions() []string {
	names := make([]string, len(networkMakes))
	for i, action := range networkMakes {
		names[i] = strings.TrimPrefix(action, "ec2:")
	}
	return names
}

// notYetTagged lets the stack's tag be put on what carries none, as a thing does that is being made.
func (s site) notYetTagged() map[string]any {
	return map[string]any{
		"StringEquals": map[string]any{"aws:RequestTag/environment": s.stack},
		"Null":         map[string]any{"aws:ResourceTag/environment": "true"},
	}
}

// passedTo narrows the handing over of a role to one service.
func passedTo(service string) map[string]any {
	return map[string]any{"StringEquals": map[string]any{"iam:PassedToService": service}}
}

// names are ARNs of things of the stack: kind and prefix, in one service.
func (s site) names(service string, kinds ...string) []pulumi.StringInput {
	all := make([]pulumi.StringInput, len(kinds))
	for i, kind := range kinds {
		all[i] = s.arn(service, fmt.Sprintf("%s%s-*", kind, s.prefix))
	}
	return all
}
