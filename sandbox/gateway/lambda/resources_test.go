package lambda

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// A policy can limit the principals that a caller may allow to invoke a function.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func TestAPolicyCanLimitThePrincipalOfAPermission(t *testing.T) {
	const policy = `{"Statement":[
		{"Effect":"Allow","Action":"lambda:AddPermission","Resource":"arn:aws:lambda:eu-west-1:000000000000:function:f",
		 "Condition":{"StringEquals":{"lambda:Principal":"apigateway.amazonaws.com"}}},
		{"Effect":"Allow","Action":"lambda:CreateFunction","Resource":"*","Condition":{"Null":{"lambda:Principal":"true"}}}]}`
	statements, err := iampolicy.Parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	s := New(&call.Account{Region: "eu-west-1", AccountID: "000000000000"}, t.TempDir(), nil)
	for name, c := range map[string]struct {
		action, function, body string
		allowed                bool
	}{
		"a permission for the policy's principal": {"AddPermission", "f", `{"Principal":"apigateway.amazonaws.com"}`, true},
		"a permission by the function's ARN":      {"AddPermission", "arn:aws:lambda:eu-west-1:000000000000:function:f", `{"Principal":"apigateway.amazonaws.com"}`, true},
		"a permission for another service":        {"AddPermission", "f", `{"Principal":"sns.amazonaws.com"}`, false},
		"a permission for another account":        {"AddPermission", "f", `{"Principal":"123456789012"}`, false},
		"a permission without a principal":        {"AddPermission", "f", `{}`, false},
		"a permission on another function":        {"AddPermission", "g", `{"Principal":"apigateway.amazonaws.com"}`, false},
		"a new function, which has no principal":  {"CreateFunction", "", `{"FunctionName":"f"}`, true},
		"an action that the policy does not have": {"GetAlias", "f", ``, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.SetPathValue("name", c.function)
			resources, err := s.resources(t.Context(), c.action, &call.Exchange{Account: s.Account, Request: r, Body: []byte(c.body), BodyRead: true})
			if err != nil || len(resources) != 1 {
				t.Fatalf("resources() = %+v, %v; want one resource", resources, err)
			}
			if got := (iampolicy.Set{Identity: statements}).Allows("lambda:"+c.action, resources[0]); got != c.allowed {
				t.Errorf("%s on %+v: allowed %v, want %v", c.action, resources[0], got, c.allowed)
			}
		})
	}
}
