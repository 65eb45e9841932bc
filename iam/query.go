package iam

import (
	"strings"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// querySessionSeconds is the longest session of an operator.
const querySessionSeconds = 60 * 60

// shortestReason is how many characters the session tag reason has at least: an incident's number fits, "test" does not.
const shortestReason = 10

// QueryUser is the database user of operators' queries. It has the stack's name, as the permission to connect names
// the user, and the cluster by an id that is not known before the cluster.
func QueryUser(project, stack string) string { return project + "-" + stack + "-query" }

// newQueryRole creates the role that operators assume for `ops sql`, if the stack names operators. Its session can
// invoke the function query and log in to the database as its user, and nothing else.
func newQueryRole(ctx *pulumi.Context, b builder) error {
	if len(b.config.Operators) == 0 {
		return nil
	}
	_, err := newSmallRole(ctx, b, "query", &iam.RoleArgs{
		Description:        pulumi.String("Queries the database of " + b.Prefix() + ", for operators with MFA and a reason"),
		AssumeRolePolicy:   policy.Document(b.operatorTrust()...),
		MaxSessionDuration: pulumi.Int(querySessionSeconds),
	},
		policy.Statement{Sid: "Query", Actions: []string{"lambda:InvokeFunction"}, Resources: b.queryFunctions()},
		policy.Statement{
			// The id of the cluster is AWS's. The user is the stack's own.
			// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
			Sid: "Connect", Actions: []string{"rds-db:connect"},
			Resources: b.ARNs("rds-db", "dbuser:*/"+QueryUser(b.Project, b.Stack)),
		})
	return err
}

// queryFunctions are the function query, of which there is one.
func (b builder) queryFunctions() []pulumi.StringInput {
	return b.ARNs("lambda", "function:"+b.Prefix()+"-"+componentAPI+"-"+contract.HandlerQuery+"-*")
}

// operatorTrust lets the operators assume the role: IAM users of the account who have authenticated with MFA, have
// their own name as the session's, which CloudTrail logs with every call, and a reason as a session tag, which it logs
// with AssumeRole. The principal is the account, so that a user need not exist, and needs a policy of its own too.
//
// TagSession is another statement: it has no condition key for the session's name.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
func (b builder) operatorTrust() []policy.Statement {
	users := make([]string, len(b.config.Operators))
	for i, operator := range b.config.Operators {
		users[i] = b.GlobalARN("iam", "user/"+operator)
	}
	account := map[string]any{"AWS": b.GlobalARN("iam", "root")}
	tagged := func() map[string]any {
		return map[string]any{
			"ArnLike":                   map[string]any{"aws:PrincipalArn": users},
			"StringLike":                map[string]any{"aws:RequestTag/reason": strings.Repeat("?", shortestReason) + "*"},
			"ForAllValues:StringEquals": map[string]any{"aws:TagKeys": []string{"reason"}},
		}
	}
	assume := tagged()
	assume["Bool"] = map[string]any{"aws:MultiFactorAuthPresent": "true"}
	assume["StringEquals"] = map[string]any{"sts:RoleSessionName": "${aws:username}"}
	return []policy.Statement{
		{Sid: "Operators", Principal: account, Actions: []string{"sts:AssumeRole"}, Condition: assume},
		{Sid: "Reason", Principal: account, Actions: []string{"sts:TagSession"}, Condition: tagged()},
	}
}
