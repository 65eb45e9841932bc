package e2e

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// program has the resources of another program in the account, tagged environment=<stack> as by many programs: one of
// each kind that has an ID instead of a name.
type program struct {
	key, vpc, defaultGroup, networkInterface, api, proxy, proxyARN, certificate, target string
}

// programTarget is the provisioned concurrency that the other program scales.
const programTarget = "function:another-program:live"

func newProgram(t *testing.T, out outputs) program {
	t.Helper()
	ctx, c, tag := context.Background(), awsConfig(out), aws.String("environment")
	p := program{proxy: "another-program"}
	key, err := kms.NewFromConfig(c).CreateKey(ctx, &kms.CreateKeyInput{Tags: []kmstypes.Tag{{TagKey: tag, TagValue: &out.Stack}}})
	if err != nil {
		t.Fatal(err)
	}
	p.key = *key.KeyMetadata.Arn
	subnet := p.createNetwork(t, ec2.NewFromConfig(c), out.Stack)
	api, err := apigateway.NewFromConfig(c).CreateRestApi(ctx, &apigateway.CreateRestApiInput{
		Name: aws.String("another-program"), Tags: map[string]string{*tag: out.Stack},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.api = *api.Id
	proxy, err := rds.NewFromConfig(c).CreateDBProxy(ctx, &rds.CreateDBProxyInput{
		DBProxyName: &p.proxy, EngineFamily: rdstypes.EngineFamilyPostgresql, VpcSubnetIds: []string{subnet},
		RoleArn: aws.String("arn:aws:iam::000000000000:role/another-program"), Tags: []rdstypes.Tag{{Key: tag, Value: &out.Stack}},
		Auth: []rdstypes.UserAuthConfig{{
			AuthScheme: rdstypes.AuthSchemeSecrets, SecretArn: aws.String("arn:aws:secretsmanager:" + out.Region + ":000000000000:secret:another-program"),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.proxyARN = *proxy.DBProxy.DBProxyArn
	certificate, err := acm.NewFromConfig(c).RequestCertificate(ctx, &acm.RequestCertificateInput{
		DomainName: aws.String("another-program.example"), ValidationMethod: acmtypes.ValidationMethodDns,
		Tags: []acmtypes.Tag{{Key: tag, Value: &out.Stack}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.certificate = *certificate.CertificateArn
	target, err := scaling.NewFromConfig(c).RegisterScalableTarget(ctx, &scaling.RegisterScalableTargetInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceLambda, ResourceId: aws.String(programTarget), MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(2),
		ScalableDimension: scalingtypes.ScalableDimensionLambdaFunctionProvisionedConcurrency, Tags: map[string]string{*tag: out.Stack},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.target = *target.ScalableTargetARN
	return p
}

// createNetwork creates a VPC with a subnet, which it returns. Its default security group and the interface have no tag.
func (p *program) createNetwork(t *testing.T, client *ec2.Client, stack string) string {
	t.Helper()
	ctx := context.Background()
	vpc, err := client.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.99.0.0/24"), TagSpecifications: []ec2types.TagSpecification{{
		ResourceType: ec2types.ResourceTypeVpc, Tags: []ec2types.Tag{{Key: aws.String("environment"), Value: &stack}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	p.vpc = *vpc.Vpc.VpcId
	subnet, err := client.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &p.vpc, CidrBlock: aws.String("10.99.0.0/28")})
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: subnet.Subnet.SubnetId})
	if err != nil {
		t.Fatal(err)
	}
	p.networkInterface = *created.NetworkInterface.NetworkInterfaceId
	groups, err := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{p.vpc}}},
	})
	if err != nil || len(groups.SecurityGroups) != 1 {
		t.Fatalf("groups %v of a new network: %v", groups, err)
	}
	p.defaultGroup = *groups.SecurityGroups[0].GroupId
	return *subnet.Subnet.SubnetId
}

// otherProgramDenials are calls on another program's resources. Those that delete come last: with every permission they
// succeed, which also cleans up.
func (c *principals) otherProgramDenials(t *testing.T) []denial {
	t.Helper()
	p, who, mine := newProgram(t, c.out), c.deploy, c.out.Stack
	decryption := decrypt(t, c.out, p.key)
	return []denial{
		{name: "the deploy role cannot take over another program's key", who: who, try: tagKey(p.key, mine), undo: untagKey(p.key)},
		{name: "the deploy role cannot rewrite the policy of another program's key", who: who, try: rewriteKeyPolicy(p.key)},
		{name: "the deploy role cannot decrypt with another program's key", who: who, try: decryption},
		{name: "a role created by a deployment cannot decrypt with another program's key", who: c.created, try: decryption},
		{name: "the deploy role cannot take over another program's VPC", who: who, try: tagNetwork(p.vpc, mine), undo: untagNetwork(p.vpc)},
		{name: "the deploy role cannot take over another program's default security group", who: who, try: tagNetwork(p.defaultGroup, mine), undo: untagNetwork(p.defaultGroup)},
		{name: "the deploy role cannot add a rule to another program's security group", who: who, try: openGroup(p.defaultGroup, mine), undo: closeGroup(p.defaultGroup)},
		{name: "the deploy role cannot take over another program's API", who: who, try: tagAPI(c.out.Region, p.api, mine), undo: untagAPI(c.out.Region, p.api)},
		{name: "the deploy role cannot take over another program's proxy", who: who, try: tagProxy(p.proxyARN, mine), undo: untagProxy(p.proxyARN)},
		{name: "the deploy role cannot take over another program's certificate", who: who, try: tagCertificate(p.certificate, mine), undo: untagCertificate(p.certificate, mine)},
		{name: "the deploy role cannot take over another program's scalable target", who: who, try: tagTarget(p.target, mine), undo: untagTarget(p.target)},
		{name: "the deploy role cannot request a certificate for another program's name", who: who, try: requestCertificate("another-program.example", mine)},
		{name: "the deploy role cannot request a certificate for another stack's host name", who: who, try: requestCertificate(c.foreign["hostName"].(string), mine)},
		{name: "the deploy role cannot request a certificate for its own and another stack's host name", who: who, try: requestCertificate(c.names["hostName"].(string), mine, c.foreign["hostName"].(string))},
		{name: "the deploy role cannot scale another program's table", who: who, try: scaleTable(mine), undo: leaveTable},
		{name: "the deploy role cannot delete another program's network interface", who: who, try: deleteInterface(p.networkInterface)},
		{name: "the deploy role cannot delete another program's API", who: who, try: deleteAPI(p.api)},
		{name: "the deploy role cannot delete another program's proxy", who: who, try: deleteProxy(p.proxy)},
		{name: "the deploy role cannot delete another program's certificate", who: who, try: deleteCertificate(p.certificate)},
		{name: "the deploy role cannot delete another program's scalable target", who: who, try: deregister},
		{name: "the deploy role cannot delete another program's VPC", who: who, try: deleteNetwork(p.vpc)},
		{name: "the deploy role cannot delete another program's key", who: who, try: deleteKey(p.key)},
	}
}

func untagKey(key string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := kms.NewFromConfig(config).UntagResource(ctx, &kms.UntagResourceInput{KeyId: &key, TagKeys: []string{stackTag}})
		return err
	}
}

// rewriteKeyPolicy writes the default policy of a new key.
func rewriteKeyPolicy(key string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := kms.NewFromConfig(config).PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"}]}`)})
		return err
	}
}

func deleteKey(key string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := kms.NewFromConfig(config).ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &key, PendingWindowInDays: aws.Int32(7)})
		return err
	}
}

func untagNetwork(resource string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := ec2.NewFromConfig(config).DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{resource}, Tags: []ec2types.Tag{{Key: aws.String(stackTag)}}})
		return err
	}
}

func deleteInterface(id string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := ec2.NewFromConfig(config).DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &id})
		return err
	}
}

// deleteNetwork deletes the subnets first, which only an administrator could do.
func deleteNetwork(vpc string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		client := ec2.NewFromConfig(config)
		subnets, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{vpc}}}})
		if err != nil {
			return err
		}
		for _, subnet := range subnets.Subnets {
			if _, err := client.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: subnet.SubnetId}); err != nil {
				return err
			}
		}
		_, err = client.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &vpc})
		return err
	}
}

func untagAPI(region, api string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := apigateway.NewFromConfig(config).UntagResource(ctx, &apigateway.UntagResourceInput{
			ResourceArn: aws.String("arn:aws:apigateway:" + region + "::/restapis/" + api), TagKeys: []string{stackTag},
		})
		return err
	}
}

func deleteAPI(api string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := apigateway.NewFromConfig(config).DeleteRestApi(ctx, &apigateway.DeleteRestApiInput{RestApiId: &api})
		return err
	}
}

func tagProxy(arn, stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := rds.NewFromConfig(config).AddTagsToResource(ctx, &rds.AddTagsToResourceInput{
			ResourceName: &arn, Tags: []rdstypes.Tag{{Key: aws.String(stackTag), Value: owner(stack)}},
		})
		return err
	}
}

func untagProxy(arn string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := rds.NewFromConfig(config).RemoveTagsFromResource(ctx, &rds.RemoveTagsFromResourceInput{ResourceName: &arn, TagKeys: []string{stackTag}})
		return err
	}
}

func deleteProxy(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := rds.NewFromConfig(config).DeleteDBProxy(ctx, &rds.DeleteDBProxyInput{DBProxyName: &name})
		return err
	}
}

func tagCertificate(arn, stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := acm.NewFromConfig(config).AddTagsToCertificate(ctx, &acm.AddTagsToCertificateInput{
			CertificateArn: &arn, Tags: []acmtypes.Tag{{Key: aws.String(stackTag), Value: owner(stack)}},
		})
		return err
	}
}

func untagCertificate(arn, stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := acm.NewFromConfig(config).RemoveTagsFromCertificate(ctx, &acm.RemoveTagsFromCertificateInput{
			CertificateArn: &arn, Tags: []acmtypes.Tag{{Key: aws.String(stackTag), Value: owner(stack)}},
		})
		return err
	}
}

// requestCertificate deletes the certificate again. ACM issues a certificate at once if the validation record of an
// earlier one exists, as for another stack.
func requestCertificate(name, stack string, others ...string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		created, err := acm.NewFromConfig(config).RequestCertificate(ctx, &acm.RequestCertificateInput{
			DomainName: &name, SubjectAlternativeNames: others, ValidationMethod: acmtypes.ValidationMethodDns,
			Tags: []acmtypes.Tag{{Key: aws.String(stackTag), Value: owner(stack)}},
		})
		if err != nil {
			return err
		}
		return deleteCertificate(*created.CertificateArn)(ctx, config)
	}
}

func deleteCertificate(arn string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := acm.NewFromConfig(config).DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: &arn})
		return err
	}
}

func tagTarget(arn, stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := scaling.NewFromConfig(config).TagResource(ctx, &scaling.TagResourceInput{ResourceARN: &arn, Tags: map[string]string{stackTag: *owner(stack)}})
		return err
	}
}

func untagTarget(arn string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := scaling.NewFromConfig(config).UntagResource(ctx, &scaling.UntagResourceInput{ResourceARN: &arn, TagKeys: []string{stackTag}})
		return err
	}
}

func deregister(ctx context.Context, config aws.Config) error {
	_, err := scaling.NewFromConfig(config).DeregisterScalableTarget(ctx, &scaling.DeregisterScalableTargetInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceLambda, ResourceId: aws.String(programTarget),
		ScalableDimension: scalingtypes.ScalableDimensionLambdaFunctionProvisionedConcurrency,
	})
	return err
}

const (
	programTable   = "table/another-program"
	tableDimension = scalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits
)

func scaleTable(stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := scaling.NewFromConfig(config).RegisterScalableTarget(ctx, &scaling.RegisterScalableTargetInput{
			ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String(programTable), ScalableDimension: tableDimension,
			MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(1), Tags: map[string]string{stackTag: *owner(stack)},
		})
		return err
	}
}

func leaveTable(ctx context.Context, config aws.Config) error {
	_, err := scaling.NewFromConfig(config).DeregisterScalableTarget(ctx, &scaling.DeregisterScalableTargetInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String(programTable), ScalableDimension: tableDimension,
	})
	return err
}
