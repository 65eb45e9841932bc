package gateway

import (
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// simulatePolicy decides for a role by its policies and boundary, on the resource and with the keys that
// the call names: the emulator knows neither keys nor boundaries.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func simulatePolicy(x *exchange) error {
	_, role, ok := strings.Cut(x.form.Get("PolicySourceArn"), ":role/")
	if !ok {
		return nil // a user's, as the emulator has it
	}
	policies, err := x.g.rolePolicies(x.r.Context(), roleName(role))
	if err != nil {
		return err
	}
	on := iampolicy.Resource{ARN: "*", Keys: map[string][]string{}}
	if arns := formList(x.form, "ResourceArns"); len(arns) > 0 {
		on.ARN = arns[0]
	}
	for i := 1; x.form.Has("ContextEntries.member." + strconv.Itoa(i) + ".ContextKeyName"); i++ {
		entry := "ContextEntries.member." + strconv.Itoa(i) + "."
		on.Keys[strings.ToLower(x.form.Get(entry+"ContextKeyName"))] = formList(x.form, entry+"ContextKeyValues")
	}
	var results []*node
	for _, action := range formList(x.form, "ActionNames") {
		decision := "implicitDeny"
		if policies.Allows(action, on) {
			decision = "allowed"
		}
		results = append(results, element("member", "EvalActionName", action, "EvalResourceName", on.ARN, "EvalDecision", decision))
	}
	return x.answerQuery(holding("EvaluationResults", results))
}
