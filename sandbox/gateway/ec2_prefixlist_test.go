package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	ec2gw "github.com/didomi/serverless-api/sandbox/gateway/ec2"
)

func TestASecurityGroupRuleHasItsPrefixList(t *testing.T) {
	s := newTestEnv(t, nil)
	client := ec2.NewFromConfig(s.config())
	vpc, err := client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	group, err := client.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: aws.String("to-s3"), Description: aws.String("d"), VpcId: vpc.Vpc.VpcId,
	})
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.AuthorizeSecurityGroupEgress(t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{
		GroupId: group.GroupId, IpPermissions: []types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443),
			PrefixListIds: []types.PrefixListId{{PrefixListId: aws.String("pl-1234"), Description: aws.String("to S3")}},
		}},
	})
	if err != nil || len(created.SecurityGroupRules) != 1 {
		t.Fatalf("created %+v, %v", created, err)
	}
	id := *created.SecurityGroupRules[0].SecurityGroupRuleId
	read, err := client.DescribeSecurityGroupRules(t.Context(), &ec2.DescribeSecurityGroupRulesInput{SecurityGroupRuleIds: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	for name, rule := range map[string]types.SecurityGroupRule{"the new rule": created.SecurityGroupRules[0], "the described rule": read.SecurityGroupRules[0]} {
		if aws.ToString(rule.PrefixListId) != "pl-1234" || aws.ToString(rule.Description) != "to S3" {
			t.Errorf("%s has the prefix list %v (%v)", name, aws.ToString(rule.PrefixListId), aws.ToString(rule.Description))
		}
	}
	if _, err := client.RevokeSecurityGroupEgress(t.Context(), &ec2.RevokeSecurityGroupEgressInput{GroupId: group.GroupId, SecurityGroupRuleIds: []string{id}}); err != nil {
		t.Fatal(err)
	}
	if left := s.gateway.account.Fields.Get(ec2gw.RulePrefix + id); left != nil {
		t.Errorf("stored members of the revoked rule: %v", left)
	}
}
