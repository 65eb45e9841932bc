package gateway

import "testing"

func TestPolicies(t *testing.T) {
	const (
		grant = `{"Statement":[{"Effect":"Allow","Action":["rds:CreateDB*","iam:CreateRole"],"Resource":["arn:aws:rds:*:*:pg:didomi-dev-*","arn:aws:iam::1:role/didomi-dev-*"]},
			{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/environment":"dev"}}},
			{"Effect":"Allow","Action":"ec2:DeleteTags","Resource":"*","Condition":{"ForAllValues:StringNotEquals":{"aws:TagKeys":"environment"}}},
			{"Effect":"Allow","Action":["ec2:DeleteVpc","rds:Delete*"],"Resource":"*","Condition":{"ForAllValues:StringLike":{"aws:TagKeys":"e*"}}},
			{"Effect":"Allow","Action":"ec2:DetachNetworkInterface","Resource":"*","Condition":{"Null":{"aws:ResourceTag/environment":"true"}}},
			{"Effect":"Allow","Action":"ec2:DeleteSubnet","Resource":"*","Condition":{"ForAllValues:StringNotEqualsIgnoreCase":{"aws:TagKeys":"Owner:Stack"}}},
			{"Effect":"Allow","Action":"ec2:DeleteRoute","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/Owner:Stack":"p/dev"}}},
			{"Effect":"Allow","Action":"ec2:CreateRoute","Resource":"arn:aws:ec2:*:*:vpc/${*}"},
			{"Effect":"Allow","Action":"ec2:CreateVpc","Resource":"*","Condition":{"NumericEquals":{"aws:TagKeys":"1"}}}]}`
		limit = `{"Statement":[{"Effect":"Allow","Action":["rds:*","iam:*","ec2:*"],"Resource":"*"},
			{"Effect":"Deny","Action":"ec2:DeleteTags","Resource":"*","Condition":{"ForAnyValue:StringNotLike":{"aws:TagKeys":["a*","b*"]}}},
			{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*","Condition":{"StringNotEquals":{"iam:PermissionsBoundary":["a","b"]}}},
			{"Effect":"Deny","NotAction":["rds:Create*","iam:*","ec2:*"],"Resource":"*"},
			{"Effect":"Deny","Action":"ec2:*","NotResource":"arn*"}]}`
		pg, role = "arn:aws:rds:eu-west-1:1:pg:didomi-dev-x", "arn:aws:iam::1:role/didomi-dev-x"
	)
	identity, err := parsePolicy(grant)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := parsePolicy(limit)
	if err != nil {
		t.Fatal(err)
	}
	set := policySet{identity: identity, limit: bound, bounded: true}
	keys := func(key, value string) map[string][]string { return map[string][]string{key: {value}} }
	for name, c := range map[string]struct {
		action string
		on     named
		want   bool
	}{
		"what is granted by name":                         {"rds:CreateDBParameterGroup", named{pg, nil}, true},
		"another stack's name":                            {"rds:CreateDBParameterGroup", named{"arn:aws:rds:eu-west-1:1:pg:didomi-prod-x", nil}, false},
		"another action":                                  {"rds:DeleteDBParameterGroup", named{pg, nil}, false},
		"a role with the boundary":                        {"iam:CreateRole", named{role, keys("iam:permissionsboundary", "b")}, true},
		"a role with another boundary":                    {"iam:CreateRole", named{role, keys("iam:permissionsboundary", "c")}, false},
		"a role without one":                              {"iam:CreateRole", named{role, nil}, false},
		"a tag of the stack":                              {"ec2:CreateTags", named{"arn", keys("aws:requesttag/environment", "dev")}, true},
		"a tag of another":                                {"ec2:CreateTags", named{"arn", keys("aws:requesttag/environment", "prod")}, false},
		"no key that is kept":                             {"ec2:DeleteTags", named{"arn", map[string][]string{"aws:tagkeys": {"a", "b"}}}, true},
		"a key that is kept among others":                 {"ec2:DeleteTags", named{"arn", map[string][]string{"aws:tagkeys": {"a", "environment"}}}, false},
		"all keys of a kind":                              {"ec2:DeleteVpc", named{"arn", map[string][]string{"aws:tagkeys": {"e", "ee"}}}, true},
		"one key of another kind":                         {"ec2:DeleteVpc", named{"arn", map[string][]string{"aws:tagkeys": {"e", "f"}}}, false},
		"a key that differs in case from the one kept":    {"ec2:DeleteSubnet", named{"arn", map[string][]string{"aws:tagkeys": {"a", "OWNER:stack"}}}, false},
		"other keys than the one kept in any case":        {"ec2:DeleteSubnet", named{"arn", map[string][]string{"aws:tagkeys": {"a", "owner"}}}, true},
		"a tag whose key the condition has in other case": {"ec2:DeleteRoute", named{"arn", keys("aws:resourcetag/owner:stack", "p/dev")}, true},
		"a value in other case":                           {"ec2:DeleteRoute", named{"arn", keys("aws:resourcetag/owner:stack", "P/dev")}, false},
		"what has no id yet":                              {"ec2:CreateRoute", named{"arn:aws:ec2:eu-west-1:1:vpc/*", nil}, true},
		"what has an id":                                  {"ec2:CreateRoute", named{"arn:aws:ec2:eu-west-1:1:vpc/vpc-1", nil}, false},
		"one key that is none of those that may go":       {"ec2:DeleteTags", named{"arn", map[string][]string{"aws:tagkeys": {"a", "c"}}}, false},
		"no key":                           {"ec2:DeleteTags", named{"arn", nil}, true},
		"what has no tag":                  {"ec2:DetachNetworkInterface", named{"arn", nil}, true},
		"what has one":                     {"ec2:DetachNetworkInterface", named{"arn", keys("aws:resourcetag/environment", "dev")}, false},
		"an operator that is not known":    {"ec2:CreateVpc", named{"arn", keys("aws:tagkeys", "1")}, false},
		"all but what the boundary leaves": {"rds:DeleteDBCluster", named{pg, nil}, false},
		"a resource but those that the boundary leaves":     {"ec2:DeleteVpc", named{"vpc", nil}, false},
		"what the policies grant and the boundary does not": {"s3:GetObject", named{"arn", nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := set.allow(c.action, c.on); got != c.want {
				t.Errorf("allowed %v, want %v", got, c.want)
			}
		})
	}
}
