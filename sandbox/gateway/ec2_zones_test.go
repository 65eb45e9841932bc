package gateway

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// newVPC creates a VPC with 10.0.0.0/16.
func newVPC(t *testing.T, client *ec2.Client) *string {
	t.Helper()
	created, err := client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	return created.Vpc.VpcId
}

// newSubnet creates a subnet of the VPC in a zone.
func newSubnet(t *testing.T, client *ec2.Client, vpc *string, block, zone string) (string, error) {
	t.Helper()
	created, err := client.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: vpc, CidrBlock: &block, AvailabilityZone: &zone})
	if err != nil {
		return "", err
	}
	return *created.Subnet.SubnetId, nil
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
func TestZonesAreFilteredAndIncludeALocalZone(t *testing.T) {
	client := ec2.NewFromConfig(newTestEnv(t, nil).config())
	filter := func(name, value string) types.Filter { return types.Filter{Name: &name, Values: []string{value}} }
	for name, c := range map[string]struct {
		filters []types.Filter
		want    []string
	}{
		"all zones of the account": {nil, []string{"eu-west-1-lcl-1a", "eu-west-1a", "eu-west-1b", "eu-west-1c"}},
		"availability zones only":  {[]types.Filter{filter("zone-type", "availability-zone"), filter("opt-in-status", "opt-in-not-required")}, []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}},
		"the Local Zone only":      {[]types.Filter{filter("opt-in-status", "opted-in")}, []string{"eu-west-1-lcl-1a"}},
		"a zone by its ID":         {[]types.Filter{filter("zone-id", "euw1-az2")}, []string{"eu-west-1b"}},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := client.DescribeAvailabilityZones(t.Context(), &ec2.DescribeAvailabilityZonesInput{Filters: c.filters})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, zone := range response.AvailabilityZones {
				got = append(got, *zone.ZoneName)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func TestASubnetThatOverlapsOrIsOutsideTheVPCIsRejected(t *testing.T) {
	client := ec2.NewFromConfig(newTestEnv(t, nil).config())
	vpc := newVPC(t, client)
	if _, err := newSubnet(t, client, vpc, "10.0.64.0/18", "eu-west-1a"); err != nil {
		t.Fatal(err)
	}
	for block, code := range map[string]string{
		"10.0.64.0/18": "InvalidSubnet.Conflict", "10.0.0.0/17": "InvalidSubnet.Conflict", "10.0.65.0/24": "InvalidSubnet.Conflict",
		"10.1.0.0/18": "InvalidSubnet.Range", "10.0.0.0/15": "InvalidSubnet.Range", "10.0.128.0/18": "",
	} {
		_, err := newSubnet(t, client, vpc, block, "eu-west-1b")
		if (err == nil) != (code == "") || err != nil && !strings.Contains(err.Error(), code) {
			t.Errorf("%s: got %v, want %q", block, err, code)
		}
	}
	if _, err := newSubnet(t, client, newVPC(t, client), "10.0.64.0/18", "eu-west-1a"); err != nil {
		t.Errorf("the same block in another VPC: %v", err)
	}
}

// https://github.com/aws/aws-cdk/issues/4912
func TestAnEndpointInTheLocalZoneIsRejected(t *testing.T) {
	client := ec2.NewFromConfig(newTestEnv(t, nil).config())
	vpc := newVPC(t, client)
	local, err := newSubnet(t, client, vpc, "10.0.0.0/18", "eu-west-1-lcl-1a")
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateVpcEndpoint(t.Context(), &ec2.CreateVpcEndpointInput{
		VpcId: vpc, ServiceName: aws.String("com.amazonaws.eu-west-1.secretsmanager"), VpcEndpointType: types.VpcEndpointTypeInterface, SubnetIds: []string{local},
	})
	if err == nil || !strings.Contains(err.Error(), "does not support the availability zone of the subnet") {
		t.Errorf("got %v", err)
	}
}

// hashicorp/terraform-provider-aws#17781 and https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html#rds-proxy.limitations
func TestAProxyHasNoSubnetInAnUnsupportedZone(t *testing.T) {
	s := newTestEnv(t, nil)
	config := s.config()
	config.Region = "us-east-1"
	s.gateway.account.Emulator.Region = config.Region
	network, client := ec2.NewFromConfig(config), rds.NewFromConfig(config)
	vpc := newVPC(t, network)
	var subnets []string
	for block, zone := range map[string]string{"10.0.0.0/18": "us-east-1a", "10.0.64.0/18": "us-east-1b", "10.0.128.0/18": "us-east-1c"} { // us-east-1c is use1-az3 in the emulator
		id, err := newSubnet(t, network, vpc, block, zone)
		if err != nil {
			t.Fatal(err)
		}
		subnets = append(subnets, zone+" "+id)
	}
	slices.Sort(subnets)
	for i := range subnets {
		_, subnets[i], _ = strings.Cut(subnets[i], " ")
	}
	create := func(name string, subnets []string) ([]string, error) {
		created, err := client.CreateDBProxy(t.Context(), &rds.CreateDBProxyInput{
			DBProxyName: &name, EngineFamily: rdstypes.EngineFamilyPostgresql, RoleArn: aws.String("arn:aws:iam::000000000000:role/p"), VpcSubnetIds: subnets,
			Auth: []rdstypes.UserAuthConfig{{AuthScheme: rdstypes.AuthSchemeSecrets, SecretArn: aws.String("arn:aws:secretsmanager:us-east-1:000000000000:secret:s")}},
		})
		if err != nil {
			return nil, err
		}
		return created.DBProxy.VpcSubnetIds, nil
	}
	if got, err := create("three", subnets); err != nil || !slices.Equal(got, subnets[:2]) {
		t.Errorf("a proxy with three subnets: got %v, %v, want %v", got, err, subnets[:2])
	}
	read, err := client.DescribeDBProxies(t.Context(), &rds.DescribeDBProxiesInput{DBProxyName: aws.String("three")})
	if err != nil || !slices.Equal(read.DBProxies[0].VpcSubnetIds, subnets[:2]) {
		t.Errorf("DescribeDBProxies: got %v, %v", read, err)
	}
	if _, err := create("two", subnets[1:]); err == nil || !strings.Contains(err.Error(), "two availability zones") {
		t.Errorf("a proxy with two subnets: got %v, want an error", err)
	}
}
