package dns

import (
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Permissions are what the component needs of the roles that preview and deploy it. Route 53 has no condition
// on tags, and assigns the ids of zones: a deployment creates public zones, changes two kinds of records of
// its own host name, and deletes no zone.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func Permissions(c Config) func(policy.Scope) policy.Permissions {
	return func(s policy.Scope) policy.Permissions {
		host := s.Stack + "." + c.Domain
		return policy.Permissions{
			Deploy: policy.Managed{API: certificatePermissions(s, host), Operations: zonePermissions(s, c, host)},
			Lists:  []string{"route53:GetChange"},
			Describes: []string{
				"acm:DescribeCertificate", "acm:ListTagsForCertificate",
				"route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource",
			},
			Described: append(s.ARNs("acm", "certificate/*"), s.HostedZones()...),
			// The program looks up the zone that is configured, if one is.
			Previews: []policy.Statement{{
				Sid:       "ExistingZone",
				Actions:   []string{"route53:GetHostedZone", "route53:ListTagsForResource"},
				Resources: s.HostedZones(),
			}},
		}
	}
}

// zonePermissions are about the host name's zone and records. They are in the policy of operations, as that of
// the API has no space left.
func zonePermissions(s policy.Scope, c Config, host string) []policy.Statement {
	records := policy.Statement{
		Sid:       "Records",
		Actions:   []string{"route53:ChangeResourceRecordSets"},
		Resources: s.HostedZones(),
		Condition: ownRecords(host),
	}
	if c.ZoneID != "" {
		records.Resources = []pulumi.StringInput{pulumi.String(s.UnownedARN("route53", "hostedzone/"+c.ZoneID))}
		return []policy.Statement{records}
	}
	return []policy.Statement{
		records,
		{
			// A zone with a VPC is a private one.
			Sid:       "NewZone",
			Actions:   []string{"route53:CreateHostedZone"},
			Resources: policy.Anywhere,
			Condition: map[string]any{"Null": map[string]any{"route53:VPCs": "true"}},
		},
		{Sid: "ZoneTags", Actions: []string{"route53:ChangeTagsForResource"}, Resources: s.HostedZones()},
	}
}

// ownRecords narrow a statement to what the stack writes: the host name's alias, and the record that validates
// its certificate, whose name begins with an underscore. It delegates nothing, and writes no wildcard. A call
// without the keys would meet ForAllValues.
func ownRecords(host string) map[string]any {
	const names, types = "route53:ChangeResourceRecordSetsNormalizedRecordNames", "route53:ChangeResourceRecordSetsRecordTypes"
	return map[string]any{
		"ForAllValues:StringLike":   map[string]any{names: []string{host, "_*." + host}},
		"ForAllValues:StringEquals": map[string]any{types: []string{"A", "CNAME"}},
		"Null":                      map[string]any{names: "false", types: "false"},
	}
}

// certificatePermissions are about the certificate of the host name.
func certificatePermissions(s policy.Scope, host string) []policy.Statement {
	// A name that has been validated once is issued certificates for as long as its record stands, to every role of
	// the account. A call without the key would meet ForAllValues.
	// https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
	ofHostName := s.Tagging()
	ofHostName["ForAllValues:StringEquals"] = map[string]any{"acm:DomainNames": host}
	ofHostName["Null"] = map[string]any{"acm:DomainNames": "false"}
	return []policy.Statement{
		{
			Sid:       "NewCertificate",
			Actions:   []string{"acm:RequestCertificate"},
			Resources: policy.Anywhere,
			Condition: ofHostName,
		},
		{
			Sid:       "TagNewCertificate",
			Actions:   []string{"acm:AddTagsToCertificate"},
			Resources: s.WithoutID("acm", "certificate/"),
			Condition: s.Tagging(),
		},
		{
			Sid:       "Certificate",
			Actions:   []string{"acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate"},
			Resources: s.ARNs("acm", "certificate/*"),
			Condition: s.Tagged(),
		},
	}
}
