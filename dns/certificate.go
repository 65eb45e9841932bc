package dns

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// issueTimeout bounds the wait for the certificate. AWS issues within minutes of seeing the record;
// after ten the delegation is wrong, and waiting longer only hides it.
const issueTimeout = "10m"

// newCertificate requests a certificate for exactly the host name, adds its validation record to the zone and
// returns its ARN once it is issued.
func newCertificate(ctx *pulumi.Context, name string, c *DNS) (pulumi.StringOutput, error) {
	cert, err := acm.NewCertificate(ctx, name+"-certificate", &acm.CertificateArgs{
		DomainName:       pulumi.String(c.HostName),
		ValidationMethod: pulumi.String("DNS"),
		KeyAlgorithm:     pulumi.String("RSA_2048"),
		Options: &acm.CertificateOptionsArgs{
			CertificateTransparencyLoggingPreference: pulumi.String("ENABLED"),
		},
	}, pulumi.Parent(c))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("dns: certificate of %s: %w", c.HostName, err)
	}
	validation := cert.DomainValidationOptions.ApplyT(firstValidationRecord).(acm.CertificateDomainValidationOptionOutput)
	record, err := route53.NewRecord(ctx, name+"-certificate-proof", &route53.RecordArgs{
		ZoneId:  c.ZoneID,
		Name:    validation.ResourceRecordName().Elem(),
		Type:    validation.ResourceRecordType().Elem(),
		Records: pulumi.StringArray{validation.ResourceRecordValue().Elem()},
		Ttl:     pulumi.Int(300),
		// The record's name and value are the same for every certificate of this name in this
		// account, so an existing record is this very one.
		AllowOverwrite: pulumi.Bool(true),
	}, pulumi.Parent(c))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("dns: validation record of %s: %w", c.HostName, err)
	}
	issued, err := acm.NewCertificateValidation(ctx, name+"-certificate-issued", &acm.CertificateValidationArgs{
		CertificateArn:        cert.Arn,
		ValidationRecordFqdns: pulumi.StringArray{record.Fqdn},
	}, pulumi.Parent(c), pulumi.Timeouts(&pulumi.CustomTimeouts{Create: issueTimeout}))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("dns: validation of %s: %w", c.HostName, err)
	}
	return issued.CertificateArn, nil
}

// firstValidationRecord is the certificate's. An update of other resources alone (--target) has no
// certificate and so no record.
func firstValidationRecord(all []acm.CertificateDomainValidationOption) acm.CertificateDomainValidationOption {
	if len(all) == 0 {
		return acm.CertificateDomainValidationOption{}
	}
	return all[0]
}
