package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsx "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// endpoints registers an endpoint, which needs no NAT, for each AWS API that a function in the VPC calls:
// Secrets Manager's and S3's. An interface endpoint costs by
// the hour and zone. Secrets Manager and S3 use the keys for their callers, and Lambda itself writes the
// functions' logs and traces, so KMS, CloudWatch Logs and X-Ray need none.
// https://docs.aws.amazon.com/kms/latest/developerguide/services-secrets-manager.html
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
//
// They are created here rather than by awsx, whose endpoint specs attach neither subnets nor route
// tables. It returns the id of S3's prefix list, which security group rules name as S3's addresses.
func (n *Network) endpoints(ctx *pulumi.Context, name string, vpc *awsx.Vpc, group *ec2.SecurityGroup, own ownResources) (pulumi.StringOutput, error) {
	_, err := ec2.NewVpcEndpoint(ctx, name+"-secretsmanager", &ec2.VpcEndpointArgs{
		VpcId:             vpc.VpcId,
		ServiceName:       pulumi.String("com.amazonaws." + own.Region + ".secretsmanager"),
		VpcEndpointType:   pulumi.String("Interface"),
		PrivateDnsEnabled: pulumi.Bool(true),
		Policy:            own.secrets(),
		SubnetIds:         vpc.PrivateSubnetIds,
		SecurityGroupIds:  pulumi.StringArray{group.ID()},
		Tags:              nameTag(name + "-secretsmanager"),
	}, pulumi.Parent(n))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("register the endpoint of Secrets Manager: %w", err)
	}
	s3, err := ec2.NewVpcEndpoint(ctx, name+"-s3", &ec2.VpcEndpointArgs{
		VpcId:           vpc.VpcId,
		ServiceName:     pulumi.String("com.amazonaws." + own.Region + ".s3"),
		VpcEndpointType: pulumi.String("Gateway"),
		Policy:          own.files(),
		RouteTableIds:   innerRouteTables(vpc),
		Tags:            nameTag(name + "-s3"),
	}, pulumi.Parent(n))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("register the S3 endpoint: %w", err)
	}
	return s3.PrefixListId, nil
}

// innerRouteTables are the route tables of the private and isolated subnets. awsx returns all of
// the VPC's and tags each with the kind of its subnet.
func innerRouteTables(vpc *awsx.Vpc) pulumi.StringArrayOutput {
	return vpc.RouteTables.ApplyT(func(tables []*ec2.RouteTable) pulumi.StringArrayOutput {
		var facts []any
		for _, table := range tables {
			facts = append(facts, table.ID().ToStringOutput(), table.Tags)
		}
		return pulumi.All(facts...).ApplyT(func(facts []any) []string {
			var ids []string
			for i := 0; i < len(facts); i += 2 {
				if facts[i+1].(map[string]string)["SubnetType"] != string(awsx.SubnetTypePublic) {
					ids = append(ids, facts[i].(string))
				}
			}
			return ids
		}).(pulumi.StringArrayOutput)
	}).(pulumi.StringArrayOutput)
}

// nameTag is what the console shows as the name of resources that have no name of their own.
func nameTag(name string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(name)}
}
