package network

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/policy"
)

// home is what is the stack's own: endpoints lead to that and to nothing else, whoever asks with
// whatever credentials. Without it, code that got into the function could carry data off to a bucket
// or a secret of its own account by the very endpoints that need no internet.
type home struct {
	account.Location
	// prefix is what the names of the stack's resources start with.
	prefix string
}

func newHome(ctx *pulumi.Context, parent pulumi.Resource) (home, error) {
	location, err := account.Locate(ctx, parent)
	if err != nil {
		return home{}, err
	}
	return home{location, ctx.Project() + "-" + ctx.Stack() + "-"}, nil
}

// secrets is the policy of Secrets Manager's endpoint: what the functions do with the stack's secrets, and
// with the master user's, which RDS names itself.
func (h home) secrets() pulumi.StringOutput {
	const service = "secretsmanager"
	return policy.Document(h.statement("Secrets", []string{
		"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
	}, h.ARN(service, "secret:"+h.prefix+"*"), h.ARN(service, "secret:rds!cluster-*")))
}

// files is the policy of S3's endpoint: what the functions do with the stack's bucket.
func (h home) files() pulumi.StringOutput {
	return policy.Document(
		h.statement("Files", []string{
			"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
		}, h.bucket("/*")),
		h.statement("Bucket", []string{"s3:ListBucket"}, h.bucket("")),
	)
}

// statement allows the account's principals, whom their own policies bound further, the actions on
// these resources of the account. Bucket names are the world's: only the account tells ours.
func (h home) statement(sid string, actions []string, resources ...string) policy.Statement {
	own := map[string]any{"aws:PrincipalAccount": h.Account}
	if sid == "Files" || sid == "Bucket" {
		own["aws:ResourceAccount"] = h.Account
	}
	return policy.Statement{
		Sid: sid, Actions: actions, Resources: pulumi.ToStringArray(resources),
		Principal: map[string]any{"AWS": "*"},
		Condition: map[string]any{"StringEquals": own},
	}
}

func (h home) bucket(objects string) string {
	return h.UnownedARN("s3", h.prefix+"*"+objects)
}
