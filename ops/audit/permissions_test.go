package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

func TestGrantsNameTheirActionsAndResources(t *testing.T) {
	const rolePolicy = types.RolePolicy
	grant := func(document string) func(stack) {
		return func(s stack) { s.set(rolePolicy, "", "policy", document) }
	}
	trusts := func(statement string) func(stack) {
		return func(s stack) { s.set(types.Role, "deploy", "assumeRolePolicy", `{"Statement":[`+statement+`]}`) }
	}
	check(t, "iam", map[string]example{
		"every action of a service": {grant(`{"Statement":[{"Sid":"All","Effect":"Allow","Action":["s3:*","s3:GetObject"],"Resource":["arn:aws:s3:::x/*"]}]}`), []string{
			`api-function-rights: grants s3:* by the statement "All"`,
		}},
		"every action but one": {grant(`{"Statement":[{"Sid":"Not","Effect":"Allow","NotAction":"iam:PassRole","Resource":"arn:aws:s3:::x"}]}`), []string{
			`api-function-rights: grants everything but [iam:PassRole] by the statement "Not"`,
		}},
		"every resource where there is one": {grant(`{"Statement":[{"Sid":"Any","Effect":"Allow","Action":["s3:GetObject","s3:ListAllMyBuckets"],"Resource":"*"}]}`), []string{
			`api-function-rights: grants s3:GetObject on every resource by the statement "Any"`,
		}},
		"every resource but one": {grant(`{"Statement":[{"Sid":"But","Effect":"Allow","Action":["s3:GetObject"],"NotResource":"arn:aws:s3:::x/*"}]}`), []string{
			`api-function-rights: grants everything but [arn:aws:s3:::x/*] by the statement "But"`,
		}},
		"every resource for actions that support no other": {grant(`{"Statement":[{"Effect":"Allow","Action":["xray:PutTraceSegments","sts:GetCallerIdentity"],"Resource":["*"]}]}`), nil},
		"a resource for actions that support none": {grant(`{"Statement":[{"Sid":"Vain","Effect":"Allow","Action":["rds:CreateDBProxy","rds:DeleteDBProxy"],"Resource":"arn:aws:rds:*:*:db-proxy:*"}]}`), []string{
			`api-function-rights: grants rds:CreateDBProxy by the statement "Vain" without effect: they support no resource but "*"`,
		}},
		"a denial of everything":                  {grant(`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`), nil},
		"a document that cannot be read":          {grant(`{"Statement":`), []string{"api-function-rights: has no statement that the audit can read"}},
		"a document that is unknown in a preview": {grant(graph.Unknown), nil},
		"a boundary that is a grant as well": {func(s stack) {
			s.add(types.RolePolicyAttachment, "bad", map[string]any{"policyArn": s.one(types.Policy, "workload").ID})
		}, []string{
			`iam-workload: grants logs:CreateLogGroup, logs:CreateLogStream, logs:DescribeLogStreams, logs:PutLogEvents on every resource by the statement "LogsAndTraces"`,
			`iam-workload: grants ec2:AssignPrivateIpAddresses, ec2:CreateNetworkInterface, ec2:DeleteNetworkInterface, ec2:UnassignPrivateIpAddresses on every resource by the statement "Interfaces"`,
		}},
		"a wildcard in a key's policy": {func(s stack) {
			s.set(types.Key, "data-key", "policy", `{"Statement":[{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"}]}`)
		}, []string{`data-key: grants kms:* by the statement "Root"`}},
		"a policy of AWS's own": {func(s stack) {
			s.set(types.RolePolicyAttachment, "", "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess")
		}, []string{"iam-deploy-operations: grants arn:aws:iam::aws:policy/AdministratorAccess, which AWS writes and changes"}},
		"a role for everyone": {trusts(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}`), []string{
			"iam-deploy: can be assumed by everyone",
		}},
		"a role for every project of the GitLab": {trusts(`{"Effect":"Allow","Principal":{"Federated":"gitlab"},"Action":"sts:AssumeRoleWithWebIdentity",` +
			`"Condition":{"StringEquals":{"gitlab.com:aud":"https://gitlab.com"},"StringLike":{"gitlab.com:sub":"*"}}}`), []string{
			"iam-deploy: can be assumed with every token of the identity provider",
		}},
		"a role for one branch": {trusts(`{"Effect":"Allow","Principal":{"Federated":"gitlab"},"Action":"sts:AssumeRoleWithWebIdentity",` +
			`"Condition":{"StringEquals":{"gitlab.com:aud":"https://gitlab.com","gitlab.com:sub":"project_path:a/b:ref_type:branch:ref:main"}}}`), nil},
	})
}

func TestTheTableOfActionsWithoutResourcesHasNoOthers(t *testing.T) {
	for action, want := range map[string]bool{
		"ec2:DescribeVpcs": true, "xray:PutTraceSegments": true, "kms:ListAliases": true, "acm:RequestCertificate": true,
		"cloudwatch:PutCompositeAlarm": true,
		"s3:GetObject":                 false, "kms:Decrypt": false, "secretsmanager:GetSecretValue": false, "lambda:InvokeFunction": false,
		"rds:DescribeDBClusters": false,
	} {
		if unscoped[action] != want {
			t.Errorf("%s is listed: %v, want %v", action, unscoped[action], want)
		}
	}
}
