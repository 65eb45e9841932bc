package gateway

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// newSecretARN creates a secret with a value and returns its ARN.
func newSecretARN(t *testing.T, client *secretsmanager.Client, name string) string {
	t.Helper()
	created, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("v")})
	if err != nil {
		t.Fatal(err)
	}
	return *created.ARN
}

// allowRotation allows Secrets Manager to invoke the function for the secret.
func allowRotation(t *testing.T, client *lambda.Client, function, secret string) {
	t.Helper()
	_, err := client.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: &function, StatementId: aws.String("rotate"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("secretsmanager.amazonaws.com"), SourceArn: &secret,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// waitForSteps waits for n invocations and returns their steps.
func waitForSteps(t *testing.T, s *testEnv, n int) []string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(s.invoker.requests()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d invocations, want %d", len(s.invoker.requests()), n)
		}
	}
	var steps []string
	for _, r := range s.invoker.requests() {
		var event struct{ Step string }
		if err := json.Unmarshal(r.Payload, &event); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, event.Step)
	}
	return steps
}

func TestARotationInvokesTheFunctionForEachStep(t *testing.T) {
	for name, c := range map[string]struct {
		now  *bool
		want []string
	}{
		"immediately, for all four steps": {nil, []string{"createSecret", "setSecret", "testSecret", "finishSecret"}},
		"later, for testSecret now":       {aws.Bool(false), []string{"testSecret"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestEnv(t, nil)
			client := secretsmanager.NewFromConfig(s.config())
			arn := newSecretARN(t, client, "rotated-"+c.want[0])
			functions := function(t, s, "rotate-"+c.want[0], "v1")
			allowRotation(t, functions, "rotate-"+c.want[0], arn)
			_, err := client.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
				SecretId: &arn, RotationLambdaARN: aws.String(s.gateway.functions.FunctionARN("rotate-"+c.want[0], "")), RotateImmediately: c.now,
				RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := waitForSteps(t, s, len(c.want)); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			secret, err := client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn})
			if err != nil || !aws.ToBool(secret.RotationEnabled) || aws.ToInt64(secret.RotationRules.AutomaticallyAfterDays) != 30 {
				t.Errorf("got %+v, %v", secret, err)
			}
		})
	}
}

func TestARotationRequiresThePermissionToInvokeTheFunction(t *testing.T) {
	s := newTestEnv(t, nil)
	client := secretsmanager.NewFromConfig(s.config())
	arn := newSecretARN(t, client, "locked")
	allowRotation(t, function(t, s, "rotate-another", "v1"), "rotate-another", arn+"-other")
	before, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &arn, RotationLambdaARN: aws.String(s.gateway.functions.FunctionARN("rotate-another", "")),
	})
	after, failed := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if errorCode(err) != "AccessDeniedException" || len(s.invoker.requests()) != 0 || failed != nil || *after.VersionId != *before.VersionId {
		t.Errorf("got %v, %d invocations, the version %v, %v", err, len(s.invoker.requests()), after, failed)
	}
}

func TestACancelledRotationIsDisabled(t *testing.T) {
	s := newTestEnv(t, nil)
	client := secretsmanager.NewFromConfig(s.config())
	arn := newSecretARN(t, client, "cancelled")
	allowRotation(t, function(t, s, "rotate-cancelled", "v1"), "rotate-cancelled", arn)
	_, err := client.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &arn, RotationLambdaARN: aws.String(s.gateway.functions.FunctionARN("rotate-cancelled", "")),
	})
	if err == nil {
		_, err = client.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &arn})
	}
	if err != nil {
		t.Fatal(err)
	}
	waitForSteps(t, s, 4)
	secret, err := client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn})
	if err != nil || aws.ToBool(secret.RotationEnabled) {
		t.Errorf("got %+v, %v", secret, err)
	}
}
