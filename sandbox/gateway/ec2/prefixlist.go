package ec2

import (
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// RulePrefix names a security group rule in what the gateway remembers.
const RulePrefix = "ec2:security-group-rule/"

// rememberPrefixList keeps where a new rule leads when that is a prefix list,
// which the emulator does not read: the rule would lead nowhere.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
func ruleAuthorized(x *call.Exchange) error {
	const given = "IpPermissions.1.PrefixListIds.1."
	if x.Form.Get(given+"PrefixListId") == "" {
		return nil
	}
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	members := map[string]any{"prefixListId": x.Form.Get(given + "PrefixListId")}
	if description := x.Form.Get(given + "Description"); description != "" {
		members["description"] = description
	}
	for _, rule := range response.First("securityGroupRuleSet").Items() {
		x.Fields.Set(RulePrefix+rule.Value("securityGroupRuleId"), members)
	}
	return fillRules(x)
}

// showRules puts the prefix lists into an answer with rules.
func fillRules(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	for _, rule := range response.First("securityGroupRuleSet").Items() {
		x.Fields.Fill(RulePrefix+rule.Value("securityGroupRuleId"), rule)
	}
	x.Response = response.Bytes()
	return nil
}

// forgetRules drops what is remembered of revoked rules: the emulator makes a
// rule's id of what it knows of it, so another rule may get the same one.
func deleteRules(x *call.Exchange) {
	for _, id := range call.FormList(x.Form, "SecurityGroupRuleId") {
		x.Fields.Delete(RulePrefix + id)
	}
}
