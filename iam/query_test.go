package iam

import (
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

func operated() Config {
	c := Default()
	c.Operators = []string{"operators/*", "alice"}
	return c
}

func TestAnOperatorsSessionInvokesOneFunctionAndConnectsAsOneUser(t *testing.T) {
	r := build(t, operated())
	want := []mocks.Statement{
		{Sid: "Query", Effect: "Allow", Action: []string{"lambda:InvokeFunction"}, Resource: []string{own("lambda", "function:didomi-test-api-query-*")}},
		{Sid: "Connect", Effect: "Allow", Action: []string{"rds-db:connect"}, Resource: []string{own("rds-db", "dbuser:*/didomi-test-query")}},
	}
	if got := mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", componentName+"-query").Inputs["policy"]); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOperatorsAssumeTheRoleOfQueriesWithMFAReasonAndTheirName(t *testing.T) {
	r := build(t, operated())
	users := []any{"arn:aws:iam::123456789012:user/operators/*", "arn:aws:iam::123456789012:user/alice"}
	tags := func() map[string]map[string]any {
		return map[string]map[string]any{
			"ArnLike": {"aws:PrincipalArn": users}, "StringLike": {"aws:RequestTag/reason": "??????????*"},
			"ForAllValues:StringEquals": {"aws:TagKeys": []any{"reason"}},
		}
	}
	assume := tags()
	assume["Bool"] = map[string]any{"aws:MultiFactorAuthPresent": "true"}
	assume["StringEquals"] = map[string]any{"sts:RoleSessionName": "${aws:username}"}
	account := map[string]any{"AWS": "arn:aws:iam::123456789012:root"}
	want := []mocks.Statement{
		{Sid: "Operators", Effect: "Allow", Principal: account, Action: []string{"sts:AssumeRole"}, Condition: assume},
		{Sid: "Reason", Effect: "Allow", Principal: account, Action: []string{"sts:TagSession"}, Condition: tags()},
	}
	if got := mocks.Statements(t, r.Find(t, "aws:iam/role:Role", componentName+"-query").Inputs["assumeRolePolicy"]); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestWithoutOperatorsThereIsNoRoleOfQueries(t *testing.T) {
	for _, r := range build(t, Default()).All() {
		if r.Name == componentName+"-query" {
			t.Errorf("%s %s is registered", r.Type, r.Name)
		}
	}
}

func TestTheLongestOperatorsFitTheTrustPolicy(t *testing.T) {
	c := Default()
	for range mostOperators {
		c.Operators = append(c.Operators, strings.Repeat("o", mostOperator))
	}
	if problems := c.Validate(); problems != nil {
		t.Fatal(problems)
	}
	within(t, "query", longest(t, c).Find(t, "aws:iam/role:Role", mocks.LongestName+"-iam-query").Inputs["assumeRolePolicy"], 2048)
}

func TestOperatorsAreUsersByNameOrPath(t *testing.T) {
	for operator, valid := range map[string]bool{
		"alice": true, "operators/*": true, "a.b@c.example": true,
		"": false, "*": false, "/operators/*": false, "arn:aws:iam::1:user/a": false, "a b": false, "${aws:username}": false, strings.Repeat("a", 65): false,
	} {
		c := Default()
		c.Operators = []string{operator}
		if problems := c.Validate(); (len(problems) == 0) != valid {
			t.Errorf("%q: %v", operator, problems)
		}
	}
}
