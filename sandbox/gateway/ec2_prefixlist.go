package gateway

// rulePrefix names a security group rule in what the gateway remembers.
const rulePrefix = "ec2:security-group-rule/"

// rememberPrefixList keeps where a new rule leads when that is a prefix list,
// which the emulator does not read: the rule would lead nowhere.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
func rememberPrefixList(x *exchange) error {
	const given = "IpPermissions.1.PrefixListIds.1."
	if x.form.Get(given+"PrefixListId") == "" {
		return nil
	}
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	members := map[string]any{"prefixListId": x.form.Get(given + "PrefixListId")}
	if description := x.form.Get(given + "Description"); description != "" {
		members["description"] = description
	}
	for _, rule := range answer.first("securityGroupRuleSet").items() {
		x.g.fields.set(rulePrefix+rule.value("securityGroupRuleId"), members)
	}
	return showRules(x)
}

// showRules puts the prefix lists into an answer with rules.
func showRules(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	for _, rule := range answer.first("securityGroupRuleSet").items() {
		x.g.fields.fill(rulePrefix+rule.value("securityGroupRuleId"), rule)
	}
	x.answer = answer.bytes()
	return nil
}

// forgetRules drops what is remembered of revoked rules: the emulator makes a
// rule's id of what it knows of it, so another rule may get the same one.
func forgetRules(x *exchange) {
	for _, id := range formList(x.form, "SecurityGroupRuleId") {
		x.g.fields.forget(rulePrefix + id)
	}
}
