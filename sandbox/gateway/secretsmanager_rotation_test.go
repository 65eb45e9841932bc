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

// rotatable is a secret with a value, and its ARN.
func rotatable(t *testing.T, client *secretsmanager.Client, name string) string {
	t.Helper()
	created, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("v")})
	if err != nil {
		t.Fatal(err)
	}
	return *created.ARN
}

// letRotate lets Secrets Manager invoke the function for the secret.
func letRotate(t *testing.T, client *lambda.Client, function, secret string) {
	t.Helper()
	_, err := client.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: &function, StatementId: aws.String("rotate"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("secretsmanager.amazonaws.com"), SourceArn: &secret,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stepsOf waits for so many invocations and says which steps they were.
func stepsOf(t *testing.T, s *testEnv, n int) []string {
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

func TestARotationHasTheFunctionTakeItsSteps(t *testing.T) {
	for name, c := range map[string]struct {
		now  *bool
		want []string
	}{
		"at once, all four":          {nil, []string{"createSecret", "setSecret", "testSecret", "finishSecret"}},
		"later, the test alone, now": {aws.Bool(false), []string{"testSecret"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestEnv(t, nil)
			client := secretsmanager.NewFromConfig(s.config())
			arn := rotatable(t, client, "rotated-"+c.want[0])
			functions := function(t, s, "rotate-"+c.want[0], "v1")
			letRotate(t, functions, "rotate-"+c.want[0], arn)
			_, err := client.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
				SecretId: &arn, RotationLambdaARN: aws.String(s.gateway.functions.FunctionARN("rotate-"+c.want[0], "")), RotateImmediately: c.now,
				RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := stepsOf(t, s, len(c.want)); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			shown, err := client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn})
			if err != nil || !aws.ToBool(shown.RotationEnabled) || aws.ToInt64(shown.RotationRules.AutomaticallyAfterDays) != 30 {
				t.Errorf("got %+v, %v", shown, err)
			}
		})
	}
}

func TestARotationWithoutTheFunctionsLeaveIsRefused(t *testing.T) {
	s := newTestEnv(t, nil)
	client := secretsmanager.NewFromConfig(s.config())
	arn := rotatable(t, client, "locked")
	letRotate(t, function(t, s, "rotate-another", "v1"), "rotate-another", arn+"-of-somebody-else")
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

func TestACancelledRotationIsOff(t *testing.T) {
	s := newTestEnv(t, nil)
	client := secretsmanager.NewFromConfig(s.config())
	arn := rotatable(t, client, "cancelled")
	letRotate(t, function(t, s, "rotate-cancelled", "v1"), "rotate-cancelled", arn)
	_, err := client.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &arn, RotationLambdaARN: aws.String(s.gateway.functions.FunctionARN("rotate-cancelled", "")),
	})
	if err == nil {
		_, err = client.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &arn})
	}
	if err != nil {
		t.Fatal(err)
	}
	stepsOf(t, s, 4)
	shown, err := client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn})
	if err != nil || aws.ToBool(shown.RotationEnabled) {
		t.Errorf("got %+v, %v", shown, err)
	}
}
