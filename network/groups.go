package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// groupName names a security group: one for each kind of resource with network interfaces.
type groupName string

const (
	lambda    groupName = "lambda"
	proxy     groupName = "proxy"
	cluster   groupName = "cluster"
	cache     groupName = "cache"
	endpoints groupName = "endpoints"
	query     groupName = "query"
)

// descriptions cannot change without replacing the group, so they are the same in a stack without a proxy, where the
// function calls the cluster itself, and in one with operators, where the function query does.
var descriptions = map[groupName]string{
	lambda:    "The function: calls proxy, cache, endpoints and S3; nothing calls it",
	proxy:     "RDS Proxy: called by the function, calls the cluster",
	cluster:   "Aurora cluster: called by the proxy",
	cache:     "Redis: called by the function",
	endpoints: "Interface endpoints: called by the function",
	query:     "The function query: calls the cluster and nothing else; nothing calls it",
}

const (
	postgresPort = 5432
	redisPort    = 6379
	httpsPort    = 443
)

// path is one allowed connection.
type path struct {
	from, to groupName
	port     int
}

// paths are all allowed connections between groups. Queries reach the cluster directly: a proxy's clients log in with a
// password.
func paths(proxied, queries bool) []path {
	all := []path{{lambda, cache, redisPort}, {lambda, endpoints, httpsPort}}
	if queries {
		all = append(all, path{query, cluster, postgresPort})
	}
	if proxied {
		return append(all, path{lambda, proxy, postgresPort}, path{proxy, cluster, postgresPort})
	}
	return append(all, path{lambda, cluster, postgresPort})
}

// groups are the security groups by name.
type groups map[groupName]*ec2.SecurityGroup

// securityGroups registers the groups without rules, and empties the VPC's default group,
// which would otherwise allow all traffic between its members.
func (n *Network) securityGroups(ctx *pulumi.Context, name string, vpcID pulumi.StringOutput, proxied, queries bool) (groups, error) {
	_, err := ec2.NewDefaultSecurityGroup(ctx, name+"-default", &ec2.DefaultSecurityGroupArgs{
		VpcId: vpcID,
		Tags:  nameTag(name + "-default-unused"),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("empty the default security group: %w", err)
	}
	all := groups{}
	for _, r := range []groupName{lambda, proxy, cluster, cache, endpoints, query} {
		if r == proxy && !proxied || r == query && !queries {
			continue
		}
		group, err := ec2.NewSecurityGroup(ctx, name+"-"+string(r), &ec2.SecurityGroupArgs{
			VpcId:       vpcID,
			Description: pulumi.String(descriptions[r]),
			Tags:        nameTag(name + "-" + string(r)),
		}, pulumi.Parent(n))
		if err != nil {
			return nil, fmt.Errorf("register the security group of %s: %w", r, err)
		}
		all[r] = group
	}
	return all, nil
}

// rules registers both rules of every path: egress from the caller and ingress to the target.
func (n *Network) rules(ctx *pulumi.Context, name string, all groups, s3PrefixList pulumi.StringOutput, proxied, queries bool) error {
	for _, p := range paths(proxied, queries) {
		rule := fmt.Sprintf("%s-%s-to-%s", name, p.from, p.to)
		description := pulumi.Sprintf("%s to %s", p.from, p.to)
		_, err := vpc.NewSecurityGroupEgressRule(ctx, rule, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId:           all[p.from].ID(),
			ReferencedSecurityGroupId: all[p.to].ID(),
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(p.port),
			ToPort:                    pulumi.Int(p.port),
			Description:               description,
		}, pulumi.Parent(n))
		if err != nil {
			return fmt.Errorf("allow egress from %s to %s: %w", p.from, p.to, err)
		}
		_, err = vpc.NewSecurityGroupIngressRule(ctx, rule, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId:           all[p.to].ID(),
			ReferencedSecurityGroupId: all[p.from].ID(),
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(p.port),
			ToPort:                    pulumi.Int(p.port),
			Description:               description,
		}, pulumi.Parent(n))
		if err != nil {
			return fmt.Errorf("allow ingress to %s from %s: %w", p.to, p.from, err)
		}
	}
	_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-lambda-to-s3", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: all[lambda].ID(),
		PrefixListId:    s3PrefixList,
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        pulumi.Int(httpsPort),
		ToPort:          pulumi.Int(httpsPort),
		Description:     pulumi.String("lambda to S3"),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("allow egress from lambda to S3: %w", err)
	}
	return nil
}
