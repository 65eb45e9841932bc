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

// refusedZone says whether Route 53 refused a caller; its client finds no code in the emulator's form.
func refusedZone(err error) bool {
	return err != nil && strings.Contains(err.Error(), "StatusCode: 403")
}

const theirVPC = "vpc-0123456789abcdef0"

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
func TestPoliciesKnowTheVPCsOfAZone(t *testing.T) {
	s := newTestEnv(t, nil)
	zone, err := createZone(t, s.config(), "private.example", vpcOf("vpc-00000000000000001"))
	if err != nil {
		t.Fatal(err)
	}
	public := s.assumeRole(t, "public-zones", document(`{"Effect":"Allow","Action":"route53:CreateHostedZone","Resource":"*","Condition":{"Null":{"route53:VPCs":"true"}}}`))
	own := s.assumeRole(t, "own-vpc", document(`{"Effect":"Allow","Action":"route53:*VPC*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"route53:VPCs":"VPCId=`+theirVPC+`,VPCRegion=eu-west-1"},"Null":{"route53:VPCs":"false"}}}`))
	byService := s.assumeRole(t, "by-service", document(`{"Effect":"Allow","Action":"route53:AssociateVPCWithHostedZone","Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"true"}}}`))
	associate := func(c aws.Config, vpc string) error {
		_, err := route53.NewFromConfig(c).AssociateVPCWithHostedZone(t.Context(), &route53.AssociateVPCWithHostedZoneInput{HostedZoneId: &zone, VPC: vpcOf(vpc)})
		return err
	}
	for _, tt := range []struct {
		name    string
		call    func() error
		refused bool
	}{
		{"a public zone has none", func() error { _, err := createZone(t, public, "public.example", nil); return err }, false},
		{"a private zone has one", func() error { _, err := createZone(t, public, "second.example", vpcOf(theirVPC)); return err }, true},
		{"another network than the policy's is refused", func() error { return associate(own, "vpc-00000000000000002") }, true},
		{"a caller does not pass for a service", func() error { return associate(byService, theirVPC) }, true},
		{"the policy's network is associated", func() error { return associate(own, theirVPC) }, false},
		{"a list of the policy's network's zones is shown", func() error {
			_, err := route53.NewFromConfig(own).ListHostedZonesByVPC(t.Context(), &route53.ListHostedZonesByVPCInput{VPCId: aws.String(theirVPC), VPCRegion: types.VPCRegionEuWest1})
			return err
		}, false},
		{"the policy's network is dissociated", func() error {
			_, err := route53.NewFromConfig(own).DisassociateVPCFromHostedZone(t.Context(), &route53.DisassociateVPCFromHostedZoneInput{HostedZoneId: &zone, VPC: vpcOf(theirVPC)})
			return err
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.call(); refusedZone(err) != tt.refused || err != nil && !tt.refused {
				t.Errorf("answered %v, want a refusal: %v", err, tt.refused)
			}
		})
	}
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, CreateVpcEndpoint,
// "Dependent actions"
func TestAnEndpointsPrivateNameIsAZoneInTheCallersName(t *testing.T) {
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
	mustMiss(t, create(without, true), "route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/*")
	for name, err := range map[string]error{
		"an endpoint without a private name needs no zone":      create(without, false),
		"the right can be EC2's alone":                          create(byService, true),
		"the right can be that to the endpoint's network alone": create(ofVPC, true),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPoliciesKnowWhatIsChangedOfRecords(t *testing.T) {
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
		{"its own name", "dev.example.com", types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"its own name in capitals with a dot", "DEV.example.com.", types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"a name below it", "_x.dev.example.com", types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"another name below it", "x.dev.example.com", types.RRTypeTxt, types.ChangeActionUpsert, false},
		{"a wildcard below it", "*.dev.example.com", types.RRTypeTxt, types.ChangeActionUpsert, false},
		{"a wildcard, which policies have as an octal code", "*.wild.example.com", types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"the same by the octal code", `\052.wild.example.com`, types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"another wildcard", "*.example.com", types.RRTypeTxt, types.ChangeActionUpsert, false},
		{"a letter by its octal code", `\144ev.example.com`, types.RRTypeTxt, types.ChangeActionUpsert, true},
		{"a delegation", "dev.example.com", types.RRTypeNs, types.ChangeActionUpsert, false},
		{"a deletion", "dev.example.com", types.RRTypeTxt, types.ChangeActionDelete, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := route53.NewFromConfig(role).ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
				HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: tt.action, ResourceRecordSet: &types.ResourceRecordSet{
					Name: &tt.record, Type: tt.kind, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String(`"x"`)}},
				}}}},
			})
			if refusedZone(err) == tt.allowed {
				t.Errorf("allowed: %v, got %v", tt.allowed, err)
			}
		})
	}
}
