package function

import (
	"strings"

	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// drillTimeoutSeconds is the longest that Lambda allows: every row of both databases is read.
const drillTimeoutSeconds = 900

// drilling migrates restored databases of `ops drill`, and compares them with the stack's.
var drilling = declaration{suffix: contract.HandlerDrill, create: createDrilling}

func createDrilling(ctx *pulumi.Context, a Args, f *Functions) error {
	_, _, err := f.newFunction(ctx, a, spec{
		suffix: contract.HandlerDrill, description: "Compares restored databases with the stack's",
		memoryMB: 256, timeoutSeconds: drillTimeoutSeconds,
		environment: a.databaseEnvironment(), permissions: a.drillPermissions(),
	})
	return err
}

// drillPermissions allow reading the application's secret, and the master secrets of restored clusters alone. The
// function migrates with a master password, so it cannot migrate the stack's own database.
func (a Args) drillPermissions() []policy.Statement {
	stack := strings.TrimSuffix(a.Name, "-"+component.Name)
	return []policy.Statement{
		{Sid: "ReadSecrets", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: []pulumi.StringInput{a.Database.AppSecretARN}},
		{
			// Only RDS sets the tag.
			// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
			Sid: "ReadRestoredMasterSecrets", Actions: []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{pulumi.String(a.ARN("secretsmanager", "secret:rds!cluster-*"))},
			Condition: map[string]any{"StringLike": map[string]any{
				"aws:ResourceTag/aws:rds:primaryDBClusterArn": a.ARN("rds", "cluster:"+contract.DrillPrefix(stack)+"*"),
			}},
		},
		a.keyPermissions("secretsmanager"),
	}
}
