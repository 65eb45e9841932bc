package iam

import (
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// zoneRights are about the host name's zone and records. Route 53 has no condition on tags, and the id of a
// zone is AWS's: a deployment creates public zones, changes two kinds of records of its own host name, and
// deletes no zone.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func (s site) zoneRights() []policy.Statement {
	rights := []policy.Statement{
		{
			Sid:       "Records",
			Actions:   []string{"route53:ChangeResourceRecordSets"},
			Resources: []pulumi.StringInput{s.hostZone()},
			Condition: s.ownRecords(),
		},
		{
			// EC2 associates the zone of an endpoint's private name in the caller's name. A caller that associates a zone
			// itself could have another stack's network resolve a name of RDS to nothing.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html (CreateVpcEndpoint)
			Sid:       "EndpointZone",
			Actions:   []string{"route53:AssociateVPCWithHostedZone"},
			Resources: []pulumi.StringInput{s.zones()},
			Condition: map[string]any{"Bool": map[string]any{"aws:ViaAWSService": "true"}},
		},
	}
	if s.zoneID != "" {
		return rights
	}
	return append(rights,
		policy.Statement{
			// A zone with a VPC is a private one.
			Sid:       "NewZone",
			Actions:   []string{"route53:CreateHostedZone"},
			Resources: policy.Anywhere,
			Condition: map[string]any{"Null": map[string]any{"route53:VPCs": "true"}},
		},
		policy.Statement{
			Sid: "ZoneTags", Actions: []string{"route53:ChangeTagsForResource"}, Resources: []pulumi.StringInput{s.zones()},
		},
	)
}

// ownRecords narrow a right to what the stack writes: the host name's alias, and the record that validates its
// certificate, whose name begins with an underscore. It delegates nothing, and writes no wildcard. A call
// without the keys would meet ForAllValues.
func (s site) ownRecords() map[string]any {
	const names, types = "route53:ChangeResourceRecordSetsNormalizedRecordNames", "route53:ChangeResourceRecordSetsRecordTypes"
	hostName := s.stack + "." + s.domain
	return map[string]any{
		"ForAllValues:StringLike":   map[string]any{names: []string{hostName, "_*." + hostName}},
		"ForAllValues:StringEquals": map[string]any{types: []string{"A", "CNAME"}},
		"Null":                      map[string]any{names: "false", types: "false"},
	}
}

// hostZone is the zone of the host name: the one that is configured, or one that the stack creates.
func (s site) hostZone() pulumi.StringInput {
	if s.zoneID == "" {
		return s.zones()
	}
	return pulumi.String("arn:" + s.Partition + ":route53:::hostedzone/" + s.zoneID)
}
