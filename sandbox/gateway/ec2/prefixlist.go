package ec2

import (
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// RulePrefix begins the key of a security group rule in the overlay.
const RulePrefix = "ec2:security-group-rule/"

// ruleAuthorized stores the prefix list of a new rule, which the emulator drops:
// the rule would have no destination.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
func ruleAuthorized(x *call.Exchange) error {
	const prefix = "IpPermissions.1.PrefixListIds.1."
	if x.Form.Get(prefix+"PrefixListId") == "" {
		return nil
	}
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	members := map[string]any{"prefixListId": x.Form.Get(prefix + "PrefixListId")}
	if description := x.Form.Get(prefix + "Description"); description != "" {
		members["description"] = description
	}
	for _, rule := range response.First("securityGroupRuleSet").Items() {
		x.Fields.Set(RulePrefix+rule.Value("securityGroupRuleId"), members)
	}
	return fillRules(x)
}

// fillRules adds the stored prefix lists to a response with rules.
func fillRules(x *call.Exchange) error {
	return x.EditXML(func(response *xmltree.Node) error {
		for _, rule := range response.First("securityGroupRuleSet").Items() {
			x.Fields.Fill(RulePrefix+rule.Value("securityGroupRuleId"), rule)
		}
		return nil
	})
}
