package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newDomain serves the stage under the host name and returns the API's address: that of the stage
// itself while the zone is not delegated.
func newDomain(ctx *pulumi.Context, b builder, g gateway) (pulumi.StringOutput, error) {
	d := b.args.Domain
	if !d.Delegated {
		return g.stage.InvokeUrl, nil
	}
	domain, err := apigateway.NewDomainName(ctx, b.Name+"-domain", &apigateway.DomainNameArgs{
		DomainName:             pulumi.String(d.HostName),
		RegionalCertificateArn: d.CertificateARN,
		SecurityPolicy:         pulumi.String("TLS_1_2"),
		EndpointConfiguration: &apigateway.DomainNameEndpointConfigurationArgs{
			Types:         pulumi.String("REGIONAL"),
			IpAddressType: pulumi.String("ipv4"),
		},
	}, b.Parent)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: custom domain %s: %w", d.HostName, err)
	}
	mapping, err := apigateway.NewBasePathMapping(ctx, b.Name+"-domain-stage", &apigateway.BasePathMappingArgs{
		DomainName: domain.DomainName,
		RestApi:    g.restAPI.ID(),
		StageName:  g.stage.StageName,
	}, b.Parent)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: base path of %s: %w", d.HostName, err)
	}
	_, err = route53.NewRecord(ctx, b.Name+"-domain-record", &route53.RecordArgs{
		ZoneId: d.ZoneID,
		Name:   pulumi.String(d.HostName),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
			Name:                 domain.RegionalDomainName,
			ZoneId:               domain.RegionalZoneId,
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, b.Parent, pulumi.DependsOn([]pulumi.Resource{mapping}))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: record of %s: %w", d.HostName, err)
	}
	return pulumi.Sprintf("https://%s", domain.DomainName), nil
}
