package iampolicy

import "testing"

func TestARoleIsAllowedByItsPoliciesAndItsBoundary(t *testing.T) {
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
		"a resource that the policy names":                    {"rds:CreateDBParameterGroup", Resource{pg, nil}, true},
		"a resource of another stack":                         {"rds:CreateDBParameterGroup", Resource{"arn:aws:rds:eu-west-1:1:pg:didomi-prod-x", nil}, false},
		"another action":                                      {"rds:DeleteDBParameterGroup", Resource{pg, nil}, false},
		"a role with the required boundary":                   {"iam:CreateRole", Resource{role, keys("iam:permissionsboundary", "b")}, true},
		"a role with another boundary":                        {"iam:CreateRole", Resource{role, keys("iam:permissionsboundary", "c")}, false},
		"a role without a boundary":                           {"iam:CreateRole", Resource{role, nil}, false},
		"a tag with the stack's value":                        {"ec2:CreateTags", Resource{"arn", keys("aws:requesttag/environment", "dev")}, true},
		"a tag with another stack's value":                    {"ec2:CreateTags", Resource{"arn", keys("aws:requesttag/environment", "prod")}, false},
		"ForAllValues: no tag key is excluded":                {"ec2:DeleteTags", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "b"}}}, true},
		"ForAllValues: one of two tag keys is excluded":       {"ec2:DeleteTags", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "environment"}}}, false},
		"ForAllValues: every tag key matches":                 {"ec2:DeleteVpc", Resource{"arn", map[string][]string{"aws:tagkeys": {"e", "ee"}}}, true},
		"ForAllValues: one tag key does not match":            {"ec2:DeleteVpc", Resource{"arn", map[string][]string{"aws:tagkeys": {"e", "f"}}}, false},
		"IgnoreCase: an excluded tag key in other case":       {"ec2:DeleteSubnet", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "OWNER:stack"}}}, false},
		"IgnoreCase: no tag key is excluded":                  {"ec2:DeleteSubnet", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "owner"}}}, true},
		"a condition key in other case":                       {"ec2:DeleteRoute", Resource{"arn", keys("aws:resourcetag/owner:stack", "p/dev")}, true},
		"a condition value in other case":                     {"ec2:DeleteRoute", Resource{"arn", keys("aws:resourcetag/owner:stack", "P/dev")}, false},
		"a literal asterisk for a resource without an ID":     {"ec2:CreateRoute", Resource{"arn:aws:ec2:eu-west-1:1:vpc/*", nil}, true},
		"a literal asterisk for a resource with an ID":        {"ec2:CreateRoute", Resource{"arn:aws:ec2:eu-west-1:1:vpc/vpc-1", nil}, false},
		"ForAnyValue in a denial: one tag key does not match": {"ec2:DeleteTags", Resource{"arn", map[string][]string{"aws:tagkeys": {"a", "c"}}}, false},
		"ForAnyValue in a denial: no tag key":                 {"ec2:DeleteTags", Resource{"arn", nil}, true},
		"Null: a resource without the tag":                    {"ec2:DetachNetworkInterface", Resource{"arn", nil}, true},
		"Null: a resource with the tag":                       {"ec2:DetachNetworkInterface", Resource{"arn", keys("aws:resourcetag/environment", "dev")}, false},
		"an unsupported operator":                             {"ec2:CreateVpc", Resource{"arn", keys("aws:tagkeys", "1")}, false},
		"NotAction in the boundary's denial":                  {"rds:DeleteDBCluster", Resource{pg, nil}, false},
		"NotResource in the boundary's denial":                {"ec2:DeleteVpc", Resource{"vpc", nil}, false},
		"an action that the boundary does not allow":          {"s3:GetObject", Resource{"arn", nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := set.Allows(c.action, c.on); got != c.want {
				t.Errorf("Allows() = %v, want %v", got, c.want)
			}
		})
	}
}

func TestAServiceIsAllowedByAResourcePolicyOrATrustPolicy(t *testing.T) {
	const arn = "arn:aws:execute-api:eu-west-1:1:api/dev/GET/items"
	gateway := Caller{Service: "apigateway.amazonaws.com", Keys: map[string][]string{"aws:sourcearn": {arn}, "aws:sourceaccount": {"1"}}}
	statement := func(effect, principal, condition string) string {
		return `{"Sid":"` + effect + `","Effect":"` + effect + `","Principal":` + principal + `,"Action":"lambda:Invoke*","Resource":"f","Condition":` + condition + `}`
	}
	const service, none = `{"Service":["apigateway.amazonaws.com"]}`, `{}`
	for name, c := range map[string]struct {
		statements string
		everyone   bool
		allowed    bool
		denied     string
	}{
		"the service":                                       {statement("Allow", service, none), false, true, ""},
		"another service":                                   {statement("Allow", `{"Service":"sns.amazonaws.com"}`, none), false, false, ""},
		"everyone, where that includes services":            {statement("Allow", `"*"`, none), true, true, ""},
		"every AWS principal, where that includes services": {statement("Allow", `{"AWS":["*"]}`, none), true, true, ""},
		"everyone, where that excludes services":            {statement("Allow", `"*"`, none), false, false, ""},
		"an account":                                        {statement("Allow", `{"AWS":"arn:aws:iam::1:root"}`, none), true, false, ""},
		"ArnLike: the source's ARN": {
			statement("Allow", service, `{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:eu-west-1:1:api/*/GET/*"}}`), false, true, ""},
		"ArnLike: an asterisk does not span a colon": {
			statement("Allow", service, `{"ArnLike":{"AWS:SourceArn":"arn:aws:*:1:api/*/GET/*"}}`), false, false, ""},
		"another account": {statement("Allow", service, `{"StringEquals":{"aws:SourceAccount":["2","3"]}}`), false, false, ""},
		"a condition key that the request lacks": {
			statement("Allow", service, `{"StringEquals":{"aws:PrincipalOrgID":"o"}}`), false, false, ""},
		"a boolean in place of a string": {statement("Allow", service, `{"Null":{"aws:PrincipalOrgID":true}}`), false, true, ""},
		"a denial next to an allowance":  {statement("Allow", service, none) + "," + statement("Deny", service, none), false, false, "Deny"},
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
	t.Run("a URL-encoded trust policy of one statement, without a resource", func(t *testing.T) {
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

// The source's ARN is arn:aws:s3:::bucket/key in every case. Operators without Not need the condition key; those
// with Not are met without it. ArnEquals and ArnLike are the same, and so are ArnNotEquals and ArnNotLike.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func TestARNConditions(t *testing.T) {
	request := map[string][]string{"aws:sourcearn": {"arn:aws:s3:::bucket/key"}}
	for name, c := range map[string]struct {
		pattern           string
		keys              map[string][]string
		equals, notEquals bool
	}{
		"the same ARN":                           {"arn:aws:s3:::bucket/key", request, true, false},
		"another ARN":                            {"arn:aws:s3:::bucket/other", request, false, true},
		"a wildcard that matches":                {"arn:aws:s3:::bucket/*", request, true, false},
		"a single-character wildcard":            {"arn:aws:s3:::bucket/ke?", request, true, false},
		"a wildcard does not span a colon":       {"arn:*:bucket/key", request, false, true},
		"the comparison is case-sensitive":       {"arn:aws:s3:::bucket/KEY", request, false, true},
		"a request without the condition key":    {"arn:aws:s3:::bucket/key", nil, false, true},
		"a request whose value is not an ARN":    {"*", map[string][]string{"aws:sourcearn": {"key"}}, false, true},
		"a negated operator with several values": {"arn:aws:sns:*:*:*\",\"arn:aws:s3:::bucket/*", request, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			for operator, want := range map[string]bool{
				"ArnEquals": c.equals, "ArnLike": c.equals, "ArnNotEquals": c.notEquals, "ArnNotLike": c.notEquals,
			} {
				policy, err := Parse(`{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"` +
					operator + `":{"aws:SourceArn":["` + c.pattern + `"]}}}}`)
				if err != nil {
					t.Fatal(err)
				}
				if got := (Set{Identity: policy}).Allows("s3:GetObject", Resource{"arn", c.keys}); got != want {
					t.Errorf("%s of %s: Allows() = %v, want %v", operator, c.pattern, got, want)
				}
			}
		})
	}
}

func TestAnInvalidPolicyIsRejected(t *testing.T) {
	for _, document := range []string{"", "{", "{}", `{"Statement":"x"}`, `{"Statement":[{"Action":{}}]}`, `{"Statement":[{"Principal":[]}]}`, "%zz"} {
		if got, err := Parse(document); err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", document, got)
		}
	}
}
