package iampolicy

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
	identity, err := Parse(grant)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := Parse(limit)
	if err != nil {
		t.Fatal(err)
	}
	set := Set{Identity: identity, Boundary: bound, Bounded: true}
	keys := func(key, value string) map[string][]string { return map[string][]string{key: {value}} }
	for name, c := range map[string]struct {
		action string
		on     Resource
		want   bool
	}{
		"what is granted by name":                         {"rds:CreateDBParameterGroup", Resource{pg, nil}, true},
		"another stack's name":                            {"rds:CreateDBParameterGroup", Resource{"arn:aws:rds:eu-west-1:1:pg:didomi-prod-x", nil}, false},
		"another action":                                  {"rds:DeleteDBParameterGroup", Resource{pg, nil}, false},
		"a role with the boundary":                        {"iam:CreateRole", Resource{role, keys("iam:permissionsboundary", "b")}, true},
		"a role with another boundary":                    {"iam:CreateRole", Resource{role, keys("iam:permissionsboundary", "c")}, false},
		"a role without one":                              {"iam:CreateRole", Resource{role, nil}, false},
		"a tag of the stack":                              {"ec2:CreateTags", Resource{"arn", keys("aws:requesttag/environment", "dev")}, true},
		"a tag of another":                                {"ec2:CreateTags", Resource{"arn", keys("aws:requesttag/environment", "prod")}, false},
		"no key that is kept":                             {"ec2:DeleteTags", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "b"}}}, true},
		"a key that is kept among others":                 {"ec2:DeleteTags", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "environment"}}}, false},
		"all keys of a kind":                              {"ec2:DeleteVpc", Resource{"arn", map[string][]string{"aws:tagkeys": {"e", "ee"}}}, true},
		"one key of another kind":                         {"ec2:DeleteVpc", Resource{"arn", map[string][]string{"aws:tagkeys": {"e", "f"}}}, false},
		"a key that differs in case from the one kept":    {"ec2:DeleteSubnet", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "OWNER:stack"}}}, false},
		"other keys than the one kept in any case":        {"ec2:DeleteSubnet", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "owner"}}}, true},
		"a tag whose key the condition has in other case": {"ec2:DeleteRoute", Resource{"arn", keys("aws:resourcetag/owner:stack", "p/dev")}, true},
		"a value in other case":                           {"ec2:DeleteRoute", Resource{"arn", keys("aws:resourcetag/owner:stack", "P/dev")}, false},
		"what has no id yet":                              {"ec2:CreateRoute", Resource{"arn:aws:ec2:eu-west-1:1:vpc/*", nil}, true},
		"what has an id":                                  {"ec2:CreateRoute", Resource{"arn:aws:ec2:eu-west-1:1:vpc/vpc-1", nil}, false},
		"one key that is none of those that may go":       {"ec2:DeleteTags", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "c"}}}, false},
		"no key":                           {"ec2:DeleteTags", Resource{"arn", nil}, true},
		"what has no tag":                  {"ec2:DetachNetworkInterface", Resource{"arn", nil}, true},
		"what has one":                     {"ec2:DetachNetworkInterface", Resource{"arn", keys("aws:resourcetag/environment", "dev")}, false},
		"an operator that is not known":    {"ec2:CreateVpc", Resource{"arn", keys("aws:tagkeys", "1")}, false},
		"all but what the boundary leaves": {"rds:DeleteDBCluster", Resource{pg, nil}, false},
		"a resource but those that the boundary leaves":     {"ec2:DeleteVpc", Resource{"vpc", nil}, false},
		"what the policies grant and the boundary does not": {"s3:GetObject", Resource{"arn", nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := set.Allows(c.action, c.on); got != c.want {
				t.Errorf("allowed %v, want %v", got, c.want)
			}
		})
	}
}

// What a service may do by the policy of a resource, or by a role's trust policy.
func TestTheCallerOfAResourcesPolicy(t *testing.T) {
	const arn = "arn:aws:execute-api:eu-west-1:1:api/dev/GET/items"
	gateway := Caller{Service: "apigateway.amazonaws.com", Keys: map[string][]string{"aws:sourcearn": {arn}, "aws:sourceaccount": {"1"}}}
	statement := func(effect, principal, condition string) string {
		return `{"Sid":"` + effect + `","Effect":"` + effect + `","Principal":` + principal + `,"Action":"lambda:Invoke*","Resource":"f","Condition":` + condition + `}`
	}
	const own, none = `{"Service":["apigateway.amazonaws.com"]}`, `{}`
	for name, c := range map[string]struct {
		statements string
		everyone   bool
		allowed    bool
		denied     string
	}{
		"the service":                      {statement("Allow", own, none), false, true, ""},
		"another service":                  {statement("Allow", `{"Service":"sns.amazonaws.com"}`, none), false, false, ""},
		"everybody, which counts":          {statement("Allow", `"*"`, none), true, true, ""},
		"everybody of AWS's, which counts": {statement("Allow", `{"AWS":["*"]}`, none), true, true, ""},
		"everybody, which does not count":  {statement("Allow", `"*"`, none), false, false, ""},
		"an account":                       {statement("Allow", `{"AWS":"arn:aws:iam::1:root"}`, none), true, false, ""},
		"the source's ARN": {
			statement("Allow", own, `{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:eu-west-1:1:api/*/GET/*"}}`), false, true, ""},
		"an ARN's asterisk does not reach over a colon": {
			statement("Allow", own, `{"ArnLike":{"AWS:SourceArn":"arn:aws:*:1:api/*/GET/*"}}`), false, false, ""},
		"another account": {statement("Allow", own, `{"StringEquals":{"aws:SourceAccount":["2","3"]}}`), false, false, ""},
		"a key that the service does not send": {
			statement("Allow", own, `{"StringEquals":{"aws:PrincipalOrgID":"o"}}`), false, false, ""},
		"a boolean in place of its text": {statement("Allow", own, `{"Null":{"aws:PrincipalOrgID":true}}`), false, true, ""},
		"a denial beside a grant":        {statement("Allow", own, none) + "," + statement("Deny", own, none), false, false, "Deny"},
	} {
		t.Run(name, func(t *testing.T) {
			policy, err := Parse(`{"Statement":[` + c.statements + `]}`)
			if err != nil {
				t.Fatal(err)
			}
			by := gateway
			by.Everyone = c.everyone
			allowed, denial := by.Allows(policy, "lambda:InvokeFunction", "f")
			if allowed != c.allowed || (denial != nil) != (c.denied != "") || denial != nil && denial.Sid != c.denied {
				t.Errorf("allowed %v, denied by %+v", allowed, denial)
			}
		})
	}
	t.Run("a trust policy has no resource, and may be one statement in a URL's form", func(t *testing.T) {
		policy, err := Parse("%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A" +
			"%7B%22Service%22%3A%22apigateway.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D")
		if err != nil {
			t.Fatal(err)
		}
		if allowed, denial := gateway.Allows(policy, "sts:AssumeRole", "arn:aws:iam::1:role/r"); !allowed || denial != nil {
			t.Errorf("allowed %v, denied by %+v", allowed, denial)
		}
	})
}

func TestWhatIsNoPolicyIsAnError(t *testing.T) {
	for _, text := range []string{"", "{", "{}", `{"Statement":"x"}`, `{"Statement":[{"Action":{}}]}`, `{"Statement":[{"Principal":[]}]}`, "%zz"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
