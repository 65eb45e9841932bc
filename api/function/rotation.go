package function

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
func rotateAppSecret(ctx *pulumi.Context, a Args, migrated pulumi.Resource) (*lambda.Function, error) {
	if a.RotationDays == 0 {
		return nil, nil
	}
	log, err := a.NewLogGroup(ctx, "rotate", nil)
	if err != nil {
		return nil, err
	}
	role, err := newFunctionRole(ctx, a, "rotate", log, a.rotatePermissions()...)
	if err != nil {
		return nil, err
	}
	environment := a.databaseEnvironment()
	environment[contract.DBMasterSecret] = a.Database.MasterSecretARN
	function, err := newFunction(ctx, a, functionSpec{
		part: "rotate", description: "Changes the database user's password", handler: contract.HandlerRotate, zip: a.Code.OperationsPath,
		memoryMB: 256, timeoutSeconds: rotateTimeoutSeconds, reserved: unreserved,
		environment: environment, role: role, log: log,
	})
	if err != nil {
		return nil, err
	}
	return function, newRotation(ctx, a, rotation{
		name: "rotation", permission: "rotate-invoke",
		secret: a.Database.AppSecretARN, function: function, filled: migrated,
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
func newRotation(ctx *pulumi.Context, a Args, r rotation) error {
	allowed, err := lambda.NewPermission(ctx, a.Name+"-"+r.permission, &lambda.PermissionArgs{
		Action:        pulumi.String("lambda:InvokeFunction"),
		Function:      r.function.Name,
		Principal:     pulumi.String("secretsmanager.amazonaws.com"),
		SourceAccount: pulumi.String(a.Account),
		SourceArn:     r.secret,
	}, a.Parent)
	if err != nil {
		return fmt.Errorf("api: right of %s: %w", r.name, err)
	}
	_, err = secretsmanager.NewSecretRotation(ctx, a.Name+"-"+r.name, &secretsmanager.SecretRotationArgs{
		SecretId:          r.secret,
		RotationLambdaArn: r.function.Arn,
		RotateImmediately: pulumi.Bool(false),
		RotationRules: secretsmanager.SecretRotationRotationRulesArgs{
			AutomaticallyAfterDays: pulumi.Int(a.RotationDays),
		},
	}, a.Parent, pulumi.DependsOn([]pulumi.Resource{allowed, r.filled}))
	if err != nil {
		return fmt.Errorf("api: %s: %w", r.name, err)
	}
	return nil
}

// rotatePermissions are what the rotating function may do: give the application's secret another version, and
// read the master user's, who changes the password.
func (a Args) rotatePermissions() []policy.Statement {
	return []policy.Statement{
		versionPermissions("RotateTheApplicationUsersSecret", a.Database.AppSecretARN),
		{
			Sid:       "ReadTheMasterUsersSecret",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{a.Database.MasterSecretARN},
		},
		a.keyPermissions("secretsmanager"),
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
