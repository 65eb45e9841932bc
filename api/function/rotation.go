package function

import (
	"fmt"

	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rotateTimeoutSeconds bounds one of the four steps: at most two waits of two minutes, each ended by a
// login of 20 seconds.
const rotateTimeoutSeconds = 300

// rotating changes the password of the application's database user, once its secret has a value from the migration.
var rotating = declaration{suffix: contract.HandlerRotate, create: createRotating}

func createRotating(ctx *pulumi.Context, a Args, f *Functions) error {
	if a.RotationDays == 0 {
		return nil
	}
	environment := a.databaseEnvironment()
	environment[contract.DBMasterSecret] = a.Database.MasterSecretARN
	function, _, err := f.newFunction(ctx, a, spec{
		suffix: contract.HandlerRotate, description: "Changes the database user's password",
		memoryMB: 256, timeoutSeconds: rotateTimeoutSeconds,
		environment: environment, permissions: a.rotatePermissions(),
	})
	if err != nil {
		return err
	}
	f.Alarms = append(f.Alarms, rotationAlarm("rotation", function,
		"The database user's password could not be changed. Look at the rotating function's log, which names the step."))
	return newRotation(ctx, a, rotation{
		name: "rotation", permission: "rotate-invoke",
		secret: a.Database.AppSecretARN, function: function, filled: f.migrated,
	})
}

// rotationAlarm enters ALARM when a rotation fails. Secrets Manager retries a step by itself, and the old password is
// valid until the last one; but nothing else reports it.
func rotationAlarm(name string, function *lambda.Function, description string) component.Alarm {
	return component.Alarm{
		Name: name, Namespace: "AWS/Lambda", Metric: "Errors", Stat: "Sum", Dimensions: pulumi.StringMap{"FunctionName": function.Name},
		Threshold: 0, Minutes: 1, Of: 1, Description: description,
	}
}

// rotation is a secret whose password is changed by a function.
type rotation struct {
	name, permission string // of the resources
	secret           pulumi.StringInput
	function         *lambda.Function
	// filled has given the secret its first value.
	filled pulumi.Resource
}

// newRotation has Secrets Manager change the password at the configured interval. The first time is
// an interval away, not at once: an update does not also change a password.
func newRotation(ctx *pulumi.Context, a Args, r rotation) error {
	allowed, err := lambda.NewPermission(ctx, a.Name+"-"+r.permission, &lambda.PermissionArgs{
		Action:        pulumi.String("lambda:InvokeFunction"),
		Function:      r.function.Name,
		Principal:     pulumi.String("secretsmanager.amazonaws.com"),
		SourceAccount: pulumi.String(a.Account),
		SourceArn:     r.secret,
	}, a.Parent)
	if err != nil {
		return fmt.Errorf("api: permission to invoke, of %s: %w", r.name, err)
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
		versionPermissions("RotateApplicationSecret", a.Database.AppSecretARN),
		{
			Sid:       "ReadMasterSecret",
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
