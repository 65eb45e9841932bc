package gateway

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// zoneDenied reports whether Route 53 denied access. Its client finds no code in the emulator's error.
func zoneDenied(err error) bool {
	return err != nil && strings.Contains(err.Error(), "StatusCode: 403")
}

const allowedVPC = "vpc-0123456789abcdef0"

func vpcOf(id string) *types.VPC { return &types.VPC{VPCId: &id, VPCRegion: types.VPCRegionEuWest1} }

func createZone(t *testing.T, c aws.Config, name string, vpc *types.VPC) (string, error) {
	t.Helper()
	created, err := route53.NewFromConfig(c).CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name, VPC: vpc})
	if err != nil {
		return "", err
	}
	return *created.HostedZone.Id, nil
}

// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func TestAPolicyCanLimitTheVPCsOfAHostedZone(t *testing.T) {
	s := newTestEnv(t, nil)
	zone, err := createZone(t, s.config(), "private.example", vpcOf("vpc-00000000000000001"))
	if err != nil {
		t.Fatal(err)
	}
	public := s.assumeRole(t, "public-zones", document(`{"Effect":"Allow","Action":"route53:CreateHostedZone","Resource":"*","Condition":{"Null":{"route53:VPCs":"true"}}}`))
	ofVPC := s.assumeRole(t, "own-vpc", document(`{"Effect":"Allow","Action":"route53:*VPC*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"route53:VPCs":"VPCId=`+allowedVPC+`,VPCRegion=eu-west-1"},"Null":{"route53:VPCs":"false"}}}`))
	byService := s.assumeRole(t, "by-service", document(`{"Effect":"Allow","Action":"route53:AssociateVPCWithHostedZone","Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"true"}}}`))
	associate := func(c aws.Config, vpc string) error {
		_, err := route53.NewFromConfig(c).AssociateVPCWithHostedZone(t.Context(), &route53.AssociateVPCWithHostedZoneInput{HostedZoneId: &zone, VPC: vpcOf(vpc)})
		return err
	}
	for _, tt := range []struct {
		name   string
		call   func() error
		denied bool
	}{
		{"a zone without a VPC is allowed", func() error { _, err := createZone(t, public, "public.example", nil); return err }, false},
		{"a zone with a VPC is denied", func() error { _, err := createZone(t, public, "second.example", vpcOf(allowedVPC)); return err }, true},
		{"another VPC than the policy's is denied", func() error { return associate(ofVPC, "vpc-00000000000000002") }, true},
		{"aws:ViaAWSService is false for a direct call", func() error { return associate(byService, allowedVPC) }, true},
		{"the policy's VPC can be associated", func() error { return associate(ofVPC, allowedVPC) }, false},
		{"the zones of the policy's VPC can be listed", func() error {
			_, err := route53.NewFromConfig(ofVPC).ListHostedZonesByVPC(t.Context(), &route53.ListHostedZonesByVPCInput{VPCId: aws.String(allowedVPC), VPCRegion: types.VPCRegionEuWest1})
			return err
		}, false},
		{"the policy's VPC can be dissociated", func() error {
			_, err := route53.NewFromConfig(ofVPC).DisassociateVPCFromHostedZone(t.Context(), &route53.DisassociateVPCFromHostedZoneInput{HostedZoneId: &zone, VPC: vpcOf(allowedVPC)})
			return err
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.call(); zoneDenied(err) != tt.denied || err != nil && !tt.denied {
				t.Errorf("got %v, want access denied: %v", err, tt.denied)
			}
		})
	}
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, CreateVpcEndpoint,
// "Dependent actions"
func TestAnEndpointsPrivateDNSRequiresThePermissionToAssociateAZone(t *testing.T) {
	s := newTestEnv(t, nil)
	vpc, err := ec2.NewFromConfig(s.config()).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	create := func(c aws.Config, private bool) error {
		_, err := ec2.NewFromConfig(c).CreateVpcEndpoint(t.Context(), &ec2.CreateVpcEndpointInput{
			VpcId: vpc.Vpc.VpcId, ServiceName: aws.String("com.amazonaws.eu-west-1.secretsmanager"),
			VpcEndpointType: ec2types.VpcEndpointTypeInterface, PrivateDnsEnabled: &private,
		})
		return err
	}
	const endpoints = `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`
	zones := func(condition string) string {
		return `{"Effect":"Allow","Action":"route53:AssociateVPCWithHostedZone","Resource":"arn:aws:route53:::hostedzone/*","Condition":` + condition + `}`
	}
	without := s.assumeRole(t, "endpoints", document(endpoints))
	byService := s.assumeRole(t, "endpoints-by-service", document(endpoints, zones(`{"Bool":{"aws:ViaAWSService":"true"}}`)))
	ofVPC := s.assumeRole(t, "endpoints-of-vpc", document(endpoints, zones(`{"ForAnyValue:StringEquals":{"route53:VPCs":"VPCId=`+*vpc.Vpc.VpcId+`,VPCRegion=eu-west-1"}}`)))
	mustBeDenied(t, create(without, true), "route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/*")
	for name, err := range map[string]error{
		"an endpoint without private DNS requires no zone":       create(without, false),
		"the permission can be limited to calls by AWS services": create(byService, true),
		"the permission can be limited to the endpoint's VPC":    create(ofVPC, true),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPolicyCanLimitChangesOfRecords(t *testing.T) {
	s := newTestEnv(t, nil)
	zone, err := createZone(t, s.config(), "example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "route53:ChangeResourceRecordSets"
	role := s.assumeRole(t, "records", document(`{"Effect":"Allow","Action":"`+prefix+`","Resource":"*","Condition":{`+
		`"ForAllValues:StringLike":{"`+prefix+`NormalizedRecordNames":["dev.example.com","_*.dev.example.com","\\052.wild.example.com"]},`+
		`"ForAllValues:StringEquals":{"`+prefix+`RecordTypes":["TXT","CNAME"],"`+prefix+`Actions":["UPSERT"]},`+
		`"Null":{"`+prefix+`NormalizedRecordNames":"false"}}}`))
	for _, tt := range []struct {
		name, record string
		kind         types.RRType
		action       types.ChangeAction
		allowed      bool
	}{
		{"the allowed name", "dev.example.com", types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"the allowed name in capitals with a final dot", "DEV.example.com.", types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"a name below it", "_x.dev.example.com", types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"another name below it", "x.dev.example.com", types.RRTypeTxt, types.ChangeActionUpsert, false},
		{"a wildcard below it", "*.dev.example.com", types.RRTypeTxt, types.ChangeActionUpsert, false},
		{"a wildcard, which is an octal code in policies", "*.wild.example.com", types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"a wildcard as an octal code", `\052.wild.example.com`, types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"another wildcard", "*.example.com", types.RRTypeTxt, types.ChangeActionUpsert, false},
		{"a letter as an octal code", `\144ev.example.com`, types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"a delegation", "dev.example.com", types.RRTypeNs, types.ChangeActionUpsert, false},
		{"a deletion", "dev.example.com", types.RRTypeTxt, types.ChangeActionDelete, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := route53.NewFromConfig(role).ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
				HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: tt.action, ResourceRecordSet: &types.ResourceRecordSet{
					Name: &tt.record, Type: tt.kind, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String(`"x"`)}},
				}}}},
			})
			if zoneDenied(err) == tt.allowed {
				t.Errorf("allowed: %v, got %v", tt.allowed, err)
			}
		})
	}
}
