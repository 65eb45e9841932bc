package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestTheProviderCanRevokeANewSecurityGroupsEgressRule(t *testing.T) {
	s := newTestEnv(t, nil)
	client := ec2.NewFromConfig(s.config())
	vpc, err := client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	group, err := client.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: aws.String("lambda"), Description: aws.String("the function"), VpcId: vpc.Vpc.VpcId,
	})
	if err != nil {
		t.Fatal(err)
	}
	egress := func() []types.IpPermission {
		t.Helper()
		read, err := client.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{*group.GroupId}})
		if err != nil {
			t.Fatal(err)
		}
		return read.SecurityGroups[0].IpPermissionsEgress
	}
	if len(egress()) != 1 {
		t.Fatalf("a new security group has %d egress rules, want one", len(egress()))
	}
	all := types.IpPermission{
		IpProtocol: aws.String("-1"), FromPort: aws.Int32(0), ToPort: aws.Int32(0),
		IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
	}
	if _, err := client.RevokeSecurityGroupEgress(t.Context(), &ec2.RevokeSecurityGroupEgressInput{
		GroupId: group.GroupId, IpPermissions: []types.IpPermission{all},
	}); err != nil {
		t.Fatal(err)
	}
	if rules := egress(); len(rules) != 0 {
		t.Errorf("%d egress rules after the revocation: %+v", len(rules), rules)
	}
}
