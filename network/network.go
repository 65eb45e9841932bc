package network

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Token is the component's type in a project.
func Token(project string) string { return project + ":network:Network" }

// Args are the component's inputs.
type Args struct {
	Config Config
	// Zones are the names of the zones, from the function Zones.
	Zones []string
	// Proxy is whether RDS Proxy is in front of the cluster.
	Proxy bool
	// Queries is whether a function runs operators' queries to the cluster.
	Queries bool
	// Protect prevents the deletion and replacement of the VPC and its subnets: the resources in them cannot move.
	Protect bool
	// LogsKeyARN is the key that the flow logs are encrypted with.
	LogsKeyARN pulumi.StringPtrInput
	// PermissionsBoundary is the permissions boundary of the flow logs' role; nil: none.
	PermissionsBoundary pulumi.StringPtrInput
}

// Network is the component with its outputs.
type Network struct {
	pulumi.ResourceState

	VpcID             pulumi.StringOutput      `pulumi:"vpcId"`
	PublicSubnetIDs   pulumi.StringArrayOutput `pulumi:"publicSubnetIds"`
	PrivateSubnetIDs  pulumi.StringArrayOutput `pulumi:"privateSubnetIds"`
	IsolatedSubnetIDs pulumi.StringArrayOutput `pulumi:"isolatedSubnetIds"`

	LambdaSecurityGroupID  pulumi.IDOutput `pulumi:"lambdaSecurityGroupId"`
	ProxySecurityGroupID   pulumi.IDOutput `pulumi:"proxySecurityGroupId"` // the zero value without a proxy
	ClusterSecurityGroupID pulumi.IDOutput `pulumi:"clusterSecurityGroupId"`
	CacheSecurityGroupID   pulumi.IDOutput `pulumi:"cacheSecurityGroupId"`
	QuerySecurityGroupID   pulumi.IDOutput `pulumi:"querySecurityGroupId"` // the zero value without queries
}

// New creates the component. It rejects an invalid Config before it registers anything.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Network, error) {
	if err := config.Check("network", args.Config); err != nil {
		return nil, err
	}
	n := &Network{}
	if err := ctx.RegisterComponentResource(Token(ctx.Project()), name, n, opts...); err != nil {
		return nil, fmt.Errorf("register the network: %w", err)
	}
	vpc, err := n.vpc(ctx, name, args)
	if err != nil {
		return nil, err
	}
	groups, err := n.securityGroups(ctx, name, vpc.VpcId, args.Proxy, args.Queries)
	if err != nil {
		return nil, err
	}
	own, err := newOwnResources(ctx, n)
	if err != nil {
		return nil, err
	}
	s3PrefixList, err := n.endpoints(ctx, name, vpc, groups[endpoints], own)
	if err != nil {
		return nil, err
	}
	if err := n.rules(ctx, name, groups, s3PrefixList, args.Proxy, args.Queries); err != nil {
		return nil, err
	}
	if err := n.flowLogs(ctx, name, vpc.VpcId, args, own); err != nil {
		return nil, err
	}

	n.VpcID = vpc.VpcId
	n.PublicSubnetIDs = vpc.PublicSubnetIds
	n.PrivateSubnetIDs = vpc.PrivateSubnetIds
	n.IsolatedSubnetIDs = vpc.IsolatedSubnetIds
	n.LambdaSecurityGroupID = groups[lambda].ID()
	n.ClusterSecurityGroupID = groups[cluster].ID()
	n.CacheSecurityGroupID = groups[cache].ID()
	outputs := pulumi.Map{
		"vpcId":                  n.VpcID,
		"publicSubnetIds":        n.PublicSubnetIDs,
		"privateSubnetIds":       n.PrivateSubnetIDs,
		"isolatedSubnetIds":      n.IsolatedSubnetIDs,
		"lambdaSecurityGroupId":  n.LambdaSecurityGroupID,
		"clusterSecurityGroupId": n.ClusterSecurityGroupID,
		"cacheSecurityGroupId":   n.CacheSecurityGroupID,
	}
	if args.Proxy {
		n.ProxySecurityGroupID = groups[proxy].ID()
		outputs["proxySecurityGroupId"] = n.ProxySecurityGroupID
	}
	if args.Queries {
		n.QuerySecurityGroupID = groups[query].ID()
		outputs["querySecurityGroupId"] = n.QuerySecurityGroupID
	}
	return n, ctx.RegisterResourceOutputs(n, outputs)
}
