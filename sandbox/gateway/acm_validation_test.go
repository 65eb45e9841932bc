package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// ACM resolves the validation record in public DNS.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func TestACertificateIsIssuedOnceAPublicZoneHasItsRecord(t *testing.T) {
	s := newTestEnv(t, nil)
	client := acm.NewFromConfig(s.config())
	created, err := client.RequestCertificate(t.Context(), &acm.RequestCertificateInput{DomainName: aws.String("dev.validated.example"), ValidationMethod: acmtypes.ValidationMethodDns})
	if err != nil {
		t.Fatal(err)
	}
	describe := func() *acmtypes.CertificateDetail {
		t.Helper()
		got, err := client.DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: created.CertificateArn})
		if err != nil {
			t.Fatal(err)
		}
		return got.Certificate
	}
	record := describe().DomainValidationOptions[0].ResourceRecord
	private := zoneOf(t, s, "validated.example", &types.VPC{VPCId: aws.String("vpc-0123456789abcdef0"), VPCRegion: types.VPCRegionEuWest1})
	for _, step := range []struct {
		name string
		do   func()
		want acmtypes.CertificateStatus
	}{
		{"a certificate without a validation record is pending", func() {}, acmtypes.CertificateStatusPendingValidation},
		{"a record in a private zone does not validate it", func() { addRecord(t, s, private, record) }, acmtypes.CertificateStatusPendingValidation},
		{"a record in a public zone validates it", func() { addRecord(t, s, zoneOf(t, s, "validated.example", nil), record) }, acmtypes.CertificateStatusIssued},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.do()
			got := describe()
			if got.Status != step.want || (got.IssuedAt != nil) != (step.want == acmtypes.CertificateStatusIssued) {
				t.Errorf("status %s, issued at %v", got.Status, got.IssuedAt)
			}
			if got.Options.CertificateTransparencyLoggingPreference != acmtypes.CertificateTransparencyLoggingPreferenceEnabled {
				t.Errorf("options %+v", got.Options)
			}
		})
	}
}

// zoneOf creates a hosted zone, private if it has a VPC, and returns its ID.
func zoneOf(t *testing.T, s *testEnv, name string, vpc *types.VPC) *string {
	t.Helper()
	reference := "public"
	if vpc != nil {
		reference = "private"
	}
	created, err := route53.NewFromConfig(s.config()).CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
		Name: &name, CallerReference: &reference, VPC: vpc, HostedZoneConfig: &types.HostedZoneConfig{PrivateZone: vpc != nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	return created.HostedZone.Id
}

func addRecord(t *testing.T, s *testEnv, zone *string, record *acmtypes.ResourceRecord) {
	t.Helper()
	_, err := route53.NewFromConfig(s.config()).ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: zone,
		ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
			Name: record.Name, Type: types.RRTypeCname, TTL: aws.Int64(300), ResourceRecords: []types.ResourceRecord{{Value: record.Value}},
		}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
}
