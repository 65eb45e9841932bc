package iam

import (
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// simulatePolicy evaluates a role's policies and boundary for the resource and condition keys of the call: the
// emulator supports neither condition keys nor boundaries.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func simulatePolicy(x *call.Exchange) error {
	_, role, ok := strings.Cut(x.Form.Get("PolicySourceArn"), ":role/")
	if !ok {
		return nil // the emulator simulates users
	}
	policies, err := x.Emulator.RolePolicies(x.Request.Context(), emulator.RoleName(role))
	if err != nil {
		return err
	}
	on := iampolicy.Resource{ARN: "*", Keys: map[string][]string{}}
	if arns := call.FormList(x.Form, "ResourceArns"); len(arns) > 0 {
		on.ARN = arns[0]
	}
	for i := 1; x.Form.Has("ContextEntries.member." + strconv.Itoa(i) + ".ContextKeyName"); i++ {
		entry := "ContextEntries.member." + strconv.Itoa(i) + "."
		on.Keys[strings.ToLower(x.Form.Get(entry+"ContextKeyName"))] = call.FormList(x.Form, entry+"ContextKeyValues")
	}
	var results []*xmltree.Node
	for _, action := range call.FormList(x.Form, "ActionNames") {
		decision := "implicitDeny"
		if policies.Allows(action, on) {
			decision = "allowed"
		}
		results = append(results, xmltree.Element("member", "EvalActionName", action, "EvalResourceName", on.ARN, "EvalDecision", decision))
	}
	return x.RespondQuery(xmltree.ListResult("EvaluationResults", results))
}
