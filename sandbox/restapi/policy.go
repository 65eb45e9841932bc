package restapi

import (
	"fmt"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// invocation is evaluated against a function's resource policy.
type invocation struct {
	function string // ARN with qualifier
	source   string // execute-api ARN
	account  string
}

// evaluate returns nil if a statement allows API Gateway the invocation and none denies it.
func evaluate(document string, i invocation) error {
	policy, err := iampolicy.Parse(document)
	if err != nil {
		return fmt.Errorf("resource policy of %s: %w", i.function, err)
	}
	gateway := iampolicy.Caller{
		Service: "apigateway.amazonaws.com", Everyone: true,
		Keys: map[string][]string{"aws:sourcearn": {i.source}, "aws:sourceaccount": {i.account}},
	}
	allowed, denial := gateway.Allows(policy, "lambda:InvokeFunction", i.function)
	if denial != nil {
		return fmt.Errorf("invalid permissions on Lambda function: statement %q denies %s", denial.Sid, i.source)
	}
	if !allowed {
		return fmt.Errorf("invalid permissions on Lambda function: no statement of %s allows %s to invoke it", i.function, i.source)
	}
	return nil
}
