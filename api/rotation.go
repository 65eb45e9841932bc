package api

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rotateTimeoutSeconds bounds one of the four steps: at most two waits of two minutes, each ended by a
// login of 20 seconds.
const rotateTimeoutSeconds = 300

// rotateAppSecret has the password of the application's database user changed, if the stack asks for
// it, once the secret has its value from the migration.
func rotateAppSecret(ctx *pulumi.Context, s site, l logs, migrated pulumi.Resource) (*lambda.Function, error) {
	if s.args.RotationDays == 0 {
		return nil, nil
	}
	role, err := newFunctionRole(ctx, s, "rotate", l.rotate, s.rotatePermissions()...)
	if err != nil {
		return nil, err
	}
	environment := s.databaseEnvironment()
	environment[contract.DBMasterSecret] = s.args.Database.MasterSecretARN
	function, err := newFunction(ctx, s, functionSpec{
		part: "rotate", description: "Changes the database user's password", handler: contract.HandlerRotate, zip: s.args.Code.OperationsPath,
		memoryMB: 256, timeoutSeconds: rotateTimeoutSeconds, reserved: unreserved,
		environment: environment, role: role, log: l.rotate,
	})
	if err != nil {
		return nil, err
	}
	return function, newRotation(ctx, s, rotation{
		name: "rotation", permission: "rotate-invoke",
		secret: s.args.Database.AppSecretARN, function: function, filled: migrated,
	})
}

// rotation is a secret whose password is changed by a function.
type rotation struct {
	name, permission string // of the resources
	secret           pulumi.StringInput
	function         *lambda.Function
	// filled has given the secret its first value.
	filled pulumi.Resource
}

// newRotation has Secrets Manager change the password as often as the stack asks for. The first time is
// a period away, not at once: an update does not change a password beside everything else.
func newRotation(ctx *pulumi.Context, s site, r rotation) error {
	allowed, err := lambda.NewPermission(ctx, s.name+"-"+r.permission, &lambda.PermissionArgs{
		Action:        pulumi.String("lambda:InvokeFunction"),
		Function:      r.function.Name,
		Principal:     pulumi.String("secretsmanager.amazonaws.com"),
		SourceAccount: pulumi.String(s.Account),
		SourceArn:     r.secret,
	}, s.parent)
	if err != nil {
		return fmt.Errorf("api: right of %s: %w", r.name, err)
	}
	_, err = secretsmanager.NewSecretRotation(ctx, s.name+"-"+r.name, &secretsmanager.SecretRotationArgs{
		SecretId:          r.secret,
		RotationLambdaArn: r.function.Arn,
		RotateImmediately: pulumi.Bool(false),
		RotationRules: secretsmanager.SecretRotationRotationRulesArgs{
			AutomaticallyAfterDays: pulumi.Int(s.args.RotationDays),
		},
	}, s.parent, pulumi.DependsOn([]pulumi.Resource{allowed, r.filled}))
	if err != nil {
		return fmt.Errorf("api: %s: %w", r.name, err)
	}
	return nil
}

// rotatePermissions are what the rotating function may do: give the application's secret another version, and
// read the master user's, who changes the password.
func (s site) rotatePermissions() []policy.Statement {
	return []policy.Statement{
		versionPermissions("RotateTheApplicationUsersSecret", s.args.Database.AppSecretARN),
		{
			Sid:       "ReadTheMasterUsersSecret",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{s.args.Database.MasterSecretARN},
		},
		s.keyPermissions("secretsmanager"),
	}
}

// versionPermissions let a secret be read and given other versions.
func versionPermissions(sid string, secret pulumi.StringInput) policy.Statement {
	return policy.Statement{
		Sid: sid,
		Actions: []string{
			"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
		},
		Resources: []pulumi.StringInput{secret},
	}
}
