package network

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/policy"
)

// ownResources limits each VPC endpoint to the stack's resources, whatever the caller's credentials. Without
// it, malicious code in the function could copy data to a bucket or a secret of another account through the
// endpoints, which need no internet access.
type ownResources struct {
	account.Location
	// prefix begins the names of the stack's resources.
	prefix string
}

func newOwnResources(ctx *pulumi.Context, parent pulumi.Resource) (ownResources, error) {
	location, err := account.Locate(ctx, parent)
	if err != nil {
		return ownResources{}, err
	}
	return ownResources{location, ctx.Project() + "-" + ctx.Stack() + "-"}, nil
}

// secrets is the policy of Secrets Manager's endpoint: what the functions do with the stack's secrets, and
// with the master user's secret, which RDS names.
func (o ownResources) secrets() pulumi.StringOutput {
	const service = "secretsmanager"
	return policy.Document(o.statement("Secrets", []string{
		"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
	}, o.ARN(service, "secret:"+o.prefix+"*"), o.ARN(service, "secret:rds!cluster-*")))
}

// files is the policy of S3's endpoint: what the functions do with the stack's bucket.
func (o ownResources) files() pulumi.StringOutput {
	return policy.Document(
		o.statement("Files", []string{
			"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
		}, o.bucket("/*")),
		o.statement("Bucket", []string{"s3:ListBucket"}, o.bucket("")),
	)
}

// statement allows the account's principals, whom their own policies limit further, the actions on these
// resources of the account. Bucket names are global: only the account identifies the stack's bucket.
func (o ownResources) statement(sid string, actions []string, resources ...string) policy.Statement {
	own := map[string]any{"aws:PrincipalAccount": o.Account}
	if sid == "Files" || sid == "Bucket" {
		own["aws:ResourceAccount"] = o.Account
	}
	return policy.Statement{
		Sid: sid, Actions: actions, Resources: pulumi.ToStringArray(resources),
		Principal: map[string]any{"AWS": "*"},
		Condition: map[string]any{"StringEquals": own},
	}
}

func (o ownResources) bucket(objects string) string {
	return o.UnownedARN("s3", o.prefix+"*"+objects)
}
