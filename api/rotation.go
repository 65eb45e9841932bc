package api

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rotateHandler is what the binary runs for Secrets Manager.
const rotateHandler = "rotate"

// rotateTimeoutSeconds bounds one of the four steps: at most two logins of 20 seconds.
const rotateTimeoutSeconds = 60

// rotateAppSecret has Secrets Manager change the password of the application's database user, if the
// stack asks for it. The first time is a period away, not at once: an update does not change a
// password beside everything else, and the secret has its value from the migration.
func rotateAppSecret(ctx *pulumi.Context, s site, l logs, migrated *lambda.Invocation) (*lambda.Function, error) {
	if s.args.Database.RotationDays == 0 {
		return nil, nil
	}
	role, err := newFunctionRole(ctx, s, "rotate", l.rotate, s.rotateRights()...)
	if err != nil {
		return nil, err
	}
	function, err := newFunction(ctx, s, functionSpec{
		part: "rotate", description: "Changes the database user's password", handler: rotateHandler,
		memoryMB: 256, timeoutSeconds: rotateTimeoutSeconds, reserved: unreserved,
		environment: s.databaseEnvironment(), role: role, log: l.rotate,
	})
	if err != nil {
		return nil, err
	}
	allowed, err := lambda.NewPermission(ctx, s.name+"-rotate-invoke", &lambda.PermissionArgs{
		Action:        pulumi.String("lambda:InvokeFunction"),
		Function:      function.Name,
		Principal:     pulumi.String("secretsmanager.amazonaws.com"),
		SourceAccount: pulumi.String(s.account),
		SourceArn:     s.args.Database.AppSecretARN,
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: right to rotate: %w", err)
	}
	_, err = secretsmanager.NewSecretRotation(ctx, s.name+"-rotation", &secretsmanager.SecretRotationArgs{
		SecretId:          s.args.Database.AppSecretARN,
		RotationLambdaArn: function.Arn,
		RotateImmediately: pulumi.Bool(false),
		RotationRules: secretsmanager.SecretRotationRotationRulesArgs{
			AutomaticallyAfterDays: pulumi.Int(s.args.Database.RotationDays),
		},
	}, s.parent, pulumi.DependsOn([]pulumi.Resource{allowed, migrated}))
	if err != nil {
		return nil, fmt.Errorf("api: rotation of the application's secret: %w", err)
	}
	return function, nil
}

// rotateRights are what the rotating function may do: read the application's secret and give it
// another version.
func (s site) rotateRights() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "RotateTheApplicationUsersSecret",
			Actions: []string{
				"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
			},
			Resources: []pulumi.StringInput{s.args.Database.AppSecretARN},
		},
		s.keyRights("secretsmanager"),
	}
}
