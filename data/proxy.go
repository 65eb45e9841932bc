package data

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// connection is how other components reach the database.
type connection struct {
	proxyName, target, endpoint pulumi.StringOutput
}

// proxyZones is how many zones RDS Proxy serves an endpoint from.
const proxyZones = 2

// proxy registers the RDS Proxy with its target. Its endpoint is returned only once the cluster is
// registered as the target, so that what depends on it can connect. It has no read-only endpoint: the
// functions read from the writer, since a reader lags behind the writes that the cache relies on.
func (d *Data) proxy(ctx *pulumi.Context, name string, args Args, db *database, secrets []pulumi.StringOutput) (*connection, error) {
	role, err := d.proxyRole(ctx, name, args, secrets)
	if err != nil {
		return nil, err
	}
	auths := rds.ProxyAuthArray{}
	for _, arn := range secrets {
		auths = append(auths, rds.ProxyAuthArgs{
			AuthScheme:             pulumi.String("SECRETS"),
			ClientPasswordAuthType: pulumi.String("POSTGRES_SCRAM_SHA_256"),
			IamAuth:                pulumi.String("DISABLED"),
			SecretArn:              arn,
		})
	}
	identifier := unique(name+"-proxy", args)
	logs, err := d.logGroup(ctx, name+"-proxy", args, pulumi.Sprintf("/aws/rds/proxy/%s", identifier))
	if err != nil {
		return nil, err
	}
	// Other subnets replace the proxy, and a new proxy has no capacity for 15 minutes. A preview that adds a zone does
	// not know the new subnets' ids and would replace the proxy too, so a change of its subnets is ignored.
	proxy, err := rds.NewProxy(ctx, name+"-proxy", &rds.ProxyArgs{
		Name:                identifier,
		EngineFamily:        pulumi.String("POSTGRESQL"),
		RoleArn:             role.Arn,
		Auths:               auths,
		RequireTls:          pulumi.Bool(true),
		IdleClientTimeout:   pulumi.Int(args.Config.Proxy.IdleClientSeconds),
		VpcSubnetIds:        proxySubnets(args.IsolatedSubnetIDs),
		VpcSecurityGroupIds: pulumi.StringArray{args.ProxySecurityGroupID},
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{logs}), pulumi.DeleteBeforeReplace(true),
		pulumi.IgnoreChanges([]string{"vpcSubnetIds"}))
	if err != nil {
		return nil, fmt.Errorf("register the proxy: %w", err)
	}
	target, err := d.proxyTarget(ctx, name, args.Config.Proxy, db, proxy)
	if err != nil {
		return nil, err
	}
	registered := []pulumi.Resource{target}
	return &connection{
		proxyName: proxy.Name, endpoint: after(registered, proxy.Endpoint),
		target: after(registered, pulumi.Sprintf("%s %s", proxy.Arn, db.cluster.ClusterResourceId)),
	}, nil
}

// proxyRole allows the proxy to read its secrets, and to use the key that they are encrypted with through
// Secrets Manager only.
func (d *Data) proxyRole(ctx *pulumi.Context, name string, args Args, secrets []pulumi.StringOutput) (*iam.Role, error) {
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("read the region: %w", err)
	}
	var arns []pulumi.StringInput
	for _, arn := range secrets {
		arns = append(arns, arn)
	}
	role, _, err := d.serviceRole(ctx, name+"-proxy", "the proxy", &iam.RoleArgs{
		Description: pulumi.String("Reads the database's secrets for RDS Proxy"),
		// AWS documents no condition key that RDS Proxy sends, and shows this policy.
		// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-iam-setup.html
		AssumeRolePolicy:    policy.Trust("rds.amazonaws.com"),
		PermissionsBoundary: args.PermissionsBoundary,
	},
		policy.Statement{Sid: "Secrets", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: arns},
		policy.Statement{
			Sid: "Key", Actions: []string{"kms:Decrypt"}, Resources: []pulumi.StringInput{args.OperationsKeyARN},
			Condition: map[string]any{"StringEquals": map[string]any{
				"kms:ViaService": "secretsmanager." + region.Name + ".amazonaws.com",
			}},
		})
	return role, err
}

// proxyTarget points the proxy at the cluster, once there is an instance to connect to.
func (d *Data) proxyTarget(ctx *pulumi.Context, name string, c Proxy, db *database, proxy *rds.Proxy) (*rds.ProxyTarget, error) {
	group, err := rds.NewProxyDefaultTargetGroup(ctx, name+"-proxy", &rds.ProxyDefaultTargetGroupArgs{
		DbProxyName: proxy.Name,
		ConnectionPoolConfig: rds.ProxyDefaultTargetGroupConnectionPoolConfigArgs{
			MaxConnectionsPercent:     pulumi.Int(c.MaxConnectionsPercent),
			MaxIdleConnectionsPercent: pulumi.Int(c.MaxIdleConnectionsPercent),
			ConnectionBorrowTimeout:   pulumi.Int(c.BorrowSeconds),
		},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the proxy's target group: %w", err)
	}
	// A proxy has one target.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html
	target, err := rds.NewProxyTarget(ctx, name+"-proxy", &rds.ProxyTargetArgs{
		DbProxyName:         proxy.Name,
		TargetGroupName:     group.Name,
		DbClusterIdentifier: db.cluster.ID(),
	}, pulumi.Parent(d), pulumi.DependsOn(db.instances), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return nil, fmt.Errorf("register the proxy's target: %w", err)
	}
	return target, nil
}

// proxySubnets are the first two of the isolated subnets, which a new proxy gets. RDS Proxy serves its
// endpoint from two zones, however many subnets it has.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html#rds-proxy.limitations
func proxySubnets(isolated pulumi.StringArrayInput) pulumi.StringArrayOutput {
	return isolated.ToStringArrayOutput().ApplyT(func(ids []string) []string {
		return ids[:min(proxyZones, len(ids))]
	}).(pulumi.StringArrayOutput)
}

// after is the value, known once the resources are registered.
func after(resources []pulumi.Resource, value pulumi.StringOutput) pulumi.StringOutput {
	all := []any{value}
	for _, r := range resources {
		all = append(all, r.(pulumi.CustomResource).ID())
	}
	return pulumi.All(all...).ApplyT(func(known []any) string { return known[0].(string) }).(pulumi.StringOutput)
}
