package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/types"
)

func TestServicesActForThisAccountAlone(t *testing.T) {
	trust := func(service, condition string) func(s stack) {
		return func(s stack) {
			s.set(types.Role, "api-function-role", "assumeRolePolicy",
				`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"`+service+`"},"Condition":`+condition+`}}`)
		}
	}
	const account = `{"StringEquals":{"aws:SourceAccount":"000000000000"}}`
	const function = `{"ArnLike":{"AWS:SourceArn":"arn:aws:lambda:eu-west-1:000000000000:function:*"}}`
	check(t, "deputies", map[string]example{
		"a role for functions of any account": {trust("lambda.amazonaws.com", `{}`), []string{
			"api-function-role: can be assumed by lambda.amazonaws.com for any account",
		}},
		"a role whose condition a missing key meets": {trust("lambda.amazonaws.com", `{"StringEqualsIfExists":{"aws:SourceAccount":"1"}}`), []string{
			"api-function-role: can be assumed by lambda.amazonaws.com for any account",
		}},
		"a role for functions of the account": {trust("lambda.amazonaws.com", account), nil},
		"a role of a function in the VPC, by its ARN": {trust("lambda.amazonaws.com", function), []string{
			"api-function-role: cannot be assumed by Lambda for a function in a VPC: it sends no aws:SourceArn while it connects the first one",
		}},
		"a role of a function outside, by its ARN": {func(s stack) {
			trust("lambda.amazonaws.com", function)(s)
			s.set(types.Function, "api-function", "vpcConfig", nil)
		}, nil},
		"a role for RDS Proxy": {trust("rds.amazonaws.com", `{}`), nil},
		"a role that RDS Proxy could not assume": {trust("rds.amazonaws.com", account), []string{
			"api-function-role: cannot be assumed by rds.amazonaws.com, which sends no condition keys: " + silent["rds.amazonaws.com"],
		}},
		"a topic for alarms of any account": {func(s stack) {
			s.set(types.TopicPolicy, "", "policy",
				`{"Statement":[{"Sid":"Alarms","Effect":"Allow","Action":"sns:Publish","Principal":{"Service":["cloudwatch.amazonaws.com"]}}]}`)
		}, []string{`api-alarms-policy: is open to cloudwatch.amazonaws.com for any account by the statement "Alarms"`}},
		"a key for logs of the account": {func(s stack) {
			s.set(types.Key, "data-key", "policy",
				`{"Statement":[{"Effect":"Allow","Principal":{"Service":"logs.eu-west-1.amazonaws.com"},"Action":"kms:Decrypt","Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-1:000000000000:*"}}}]}`)
		}, nil},
	})
}
