package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
)

// Calls on another stack's resources that have IDs instead of names.

// creation creates a resource, and removes it by its ID.
type creation struct{ create, remove attempt }

// stackTag is the key of the tag by which IAM policies identify a stack's resources; owner returns its value.
const stackTag = "serverless-api:stack"

func owner(stack string) *string { return aws.String("didomi/" + stack) }

// ownerTag is the tag specification of a new resource.
func ownerTag(kind ec2types.ResourceType, stack string) []ec2types.TagSpecification {
	return []ec2types.TagSpecification{{ResourceType: kind, Tags: []ec2types.Tag{{Key: aws.String(stackTag), Value: owner(stack)}}}}
}

// newSubnet creates a subnet with the last 16 addresses of the VPC and the stack's tag.
func newSubnet(t *testing.T, out outputs, vpc, stack string) creation {
	t.Helper()
	list, err := ec2.NewFromConfig(awsConfig(out)).DescribeVpcs(context.Background(), &ec2.DescribeVpcsInput{VpcIds: []string{vpc}})
	if err != nil {
		t.Fatal(err)
	}
	_, block, err := net.ParseCIDR(*list.Vpcs[0].CidrBlock)
	if err != nil {
		t.Fatal(err)
	}
	end := make(net.IP, len(block.IP))
	for i := range end {
		end[i] = block.IP[i] | ^block.Mask[i]
	}
	end[len(end)-1] &= 0xf0
	var id *string
	return creation{
		create: func(ctx context.Context, config aws.Config) error {
			created, err := ec2.NewFromConfig(config).CreateSubnet(ctx, &ec2.CreateSubnetInput{
				VpcId: &vpc, CidrBlock: aws.String(end.String() + "/28"), TagSpecifications: ownerTag(ec2types.ResourceTypeSubnet, stack),
			})
			if err == nil {
				id = created.Subnet.SubnetId
			}
			return err
		},
		remove: func(ctx context.Context, config aws.Config) error {
			_, err := ec2.NewFromConfig(config).DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: id})
			return err
		},
	}
}

// privateSubnet returns a subnet of the VPC.
func privateSubnet(t *testing.T, out outputs, vpc string) string {
	t.Helper()
	list, err := ec2.NewFromConfig(awsConfig(out)).DescribeSubnets(context.Background(), &ec2.DescribeSubnetsInput{
		Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{vpc}}},
	})
	if err != nil || len(list.Subnets) == 0 {
		t.Fatalf("no subnet of %s: %v", vpc, err)
	}
	return *list.Subnets[0].SubnetId
}

func newInterface(subnet string) creation {
	var id *string
	return creation{
		create: func(ctx context.Context, config aws.Config) error {
			created, err := ec2.NewFromConfig(config).CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &subnet})
			if err == nil {
				id = created.NetworkInterface.NetworkInterfaceId
			}
			return err
		},
		remove: func(ctx context.Context, config aws.Config) error {
			_, err := ec2.NewFromConfig(config).DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: id})
			return err
		},
	}
}

// groupOf returns a security group of the VPC other than its default one.
func groupOf(t *testing.T, out outputs, vpc string) string {
	t.Helper()
	list, err := ec2.NewFromConfig(awsConfig(out)).DescribeSecurityGroups(context.Background(), &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{vpc}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range list.SecurityGroups {
		if *group.GroupName != "default" {
			return *group.GroupId
		}
	}
	t.Fatalf("no group of %s among %d", vpc, len(list.SecurityGroups))
	return ""
}

// strayPort is a port that no rule of the stack has.
var strayPort = []ec2types.IpPermission{{
	IpProtocol: aws.String("tcp"), FromPort: aws.Int32(2222), ToPort: aws.Int32(2222),
	IpRanges: []ec2types.IpRange{{CidrIp: aws.String("192.0.2.0/24")}},
}}

func openGroup(group, stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := ec2.NewFromConfig(config).AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &group, IpPermissions: strayPort, TagSpecifications: ownerTag(ec2types.ResourceTypeSecurityGroupRule, stack),
		})
		return err
	}
}

func closeGroup(group string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := ec2.NewFromConfig(config).RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &group, IpPermissions: strayPort})
		return err
	}
}

// tagNetwork tags a VPC as a stack's, whose pipeline could then change it.
func tagNetwork(vpc, stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := ec2.NewFromConfig(config).CreateTags(ctx, &ec2.CreateTagsInput{
			Resources: []string{vpc}, Tags: []ec2types.Tag{{Key: aws.String(stackTag), Value: owner(stack)}},
		})
		return err
	}
}

// tagKey does the same for a key.
func tagKey(key, stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := kms.NewFromConfig(config).TagResource(ctx, &kms.TagResourceInput{
			KeyId: &key, Tags: []kmstypes.Tag{{TagKey: aws.String(stackTag), TagValue: owner(stack)}},
		})
		return err
	}
}

// decrypt decrypts a ciphertext that the administrator has encrypted with the key.
func decrypt(t *testing.T, out outputs, key string) attempt {
	t.Helper()
	locked, err := kms.NewFromConfig(awsConfig(out)).Encrypt(context.Background(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("e2e")})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, config aws.Config) error {
		_, err := kms.NewFromConfig(config).Decrypt(ctx, &kms.DecryptInput{KeyId: &key, CiphertextBlob: locked.CiphertextBlob})
		return err
	}
}

func describeKey(key, description string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := kms.NewFromConfig(config).UpdateKeyDescription(ctx, &kms.UpdateKeyDescriptionInput{KeyId: &key, Description: &description})
		return err
	}
}

// newGrant grants a principal the use of a key.
func newGrant(key, grantee string) creation {
	var id *string
	return creation{
		create: func(ctx context.Context, config aws.Config) error {
			created, err := kms.NewFromConfig(config).CreateGrant(ctx, &kms.CreateGrantInput{
				KeyId: &key, GranteePrincipal: &grantee, Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
			})
			if err == nil {
				id = created.GrantId
			}
			return err
		},
		remove: func(ctx context.Context, config aws.Config) error {
			_, err := kms.NewFromConfig(config).RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &key, GrantId: id})
			return err
		},
	}
}

func describeAPI(api, description string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := apigateway.NewFromConfig(config).UpdateRestApi(ctx, &apigateway.UpdateRestApiInput{
			RestApiId:       &api,
			PatchOperations: []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: aws.String("/description"), Value: &description}},
		})
		return err
	}
}

func tagAPI(region, api, stack string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := apigateway.NewFromConfig(config).TagResource(ctx, &apigateway.TagResourceInput{
			ResourceArn: aws.String(fmt.Sprintf("arn:aws:apigateway:%s::/restapis/%s", region, api)), Tags: map[string]string{stackTag: *owner(stack)},
		})
		return err
	}
}

// apiKeyOf returns the ID of an API key of the stack's usage plans.
func apiKeyOf(t *testing.T, out outputs) string {
	t.Helper()
	list, err := apigateway.NewFromConfig(awsConfig(out)).GetApiKeys(context.Background(), &apigateway.GetApiKeysInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range list.Items {
		if strings.HasPrefix(*key.Name, "didomi-"+out.Stack+"-") {
			return *key.Id
		}
	}
	t.Fatalf("no key of %s among %d", out.Stack, len(list.Items))
	return ""
}

func readAPIKey(id string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := apigateway.NewFromConfig(config).GetApiKey(ctx, &apigateway.GetApiKeyInput{ApiKey: &id, IncludeValue: aws.Bool(true)})
		return err
	}
}

func proxyName(t *testing.T, out outputs) string {
	t.Helper()
	list, err := rds.NewFromConfig(awsConfig(out)).DescribeDBProxies(context.Background(), &rds.DescribeDBProxiesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, proxy := range list.DBProxies {
		if strings.HasPrefix(*proxy.DBProxyName, "didomi-"+out.Stack+"-") {
			return *proxy.DBProxyName
		}
	}
	t.Fatalf("no proxy of %s among %d", out.Stack, len(list.DBProxies))
	return ""
}

func idleAfter(proxy string, seconds int32) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := rds.NewFromConfig(config).ModifyDBProxy(ctx, &rds.ModifyDBProxyInput{DBProxyName: &proxy, IdleClientTimeout: &seconds})
		return err
	}
}

// hostZone returns the hosted zone that contains the stack's host name.
func hostZone(t *testing.T, out outputs) *string {
	t.Helper()
	host := stackOutputs(t, out)["hostName"].(string)
	client := route53.NewFromConfig(awsConfig(out))
	zones, err := client.ListHostedZones(context.Background(), &route53.ListHostedZonesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, zone := range zones.HostedZones {
		records, err := client.ListResourceRecordSets(context.Background(), &route53.ListResourceRecordSetsInput{HostedZoneId: zone.Id})
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records.ResourceRecordSets {
			if *record.Name == host+"." {
				return zone.Id
			}
		}
	}
	t.Fatalf("%s is in none of %d zones", host, len(zones.HostedZones))
	return nil
}

// putCode replaces the unpublished code of a function, which nothing runs.
func putCode(function string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		var code bytes.Buffer
		archive := zip.NewWriter(&code)
		if _, err := archive.Create("bootstrap"); err != nil {
			return err
		}
		if err := archive.Close(); err != nil {
			return err
		}
		_, err := lambda.NewFromConfig(config).UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &function, ZipFile: code.Bytes()})
		return err
	}
}
