package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// Calls that the deploy role's boundary denies (iam/withheld.go), and calls that docs/scp.json denies.

// namedAttempt is a call with its name in tests.
type namedAttempt struct {
	name      string
	try, undo attempt
}

// callDenials are calls with the deploy role's own policies, and with policies that allow everything.
func (c *principals) callDenials(t *testing.T) []denial {
	t.Helper()
	logGroup := *stackFunction(t, c.out, "api").LoggingConfig.LogGroup
	execution := c.foreignExecutionLog(t)
	var all []denial
	for _, a := range append(c.secretAttempts(t, "e2e"), []namedAttempt{
		{"cannot create a cluster with a master password of its choice", createCluster("didomi-dev-data-e2e"), deleteCluster("didomi-dev-data-e2e")},
		{"cannot read files of its own stack", readObject(c.out.Bucket, "e2e/denial"), nil},
		{"cannot read logs", readLog(logGroup), nil},
		{"cannot create a log resource policy", letWriteLogs, withdrawLogs},
		{"cannot allow another account to invoke a function", allowInvoke(migrateFunction(t, c.out)), forbidInvoke(migrateFunction(t, c.out))},
		{"cannot create an alarm that stops an instance", stopByAlarm("didomi-dev-api-e2e"), dropAlarm("didomi-dev-api-e2e")},
		{"cannot create such an alarm under a name of Application Auto Scaling", stopByAlarm("TargetTracking-function:didomi-dev-api-e2e"), dropAlarm("TargetTracking-function:didomi-dev-api-e2e")},
		{"cannot create a composite alarm that stops an instance", stopByComposite, dropAlarm("didomi-dev-api-e2e-composite")},
	}...) {
		all = append(all,
			denial{name: "the deploy role " + a.name, who: c.deploy, try: a.try, undo: a.undo},
			denial{name: "with every permission but its boundary, the deploy role " + a.name, who: c.deploy, widened: true, try: a.try, undo: a.undo})
	}
	return append(all, denial{name: "the deploy role cannot delete another stack's execution log", who: c.deploy, try: dropLogGroup(execution)})
}

// secretAttempts are calls on a secret with one of the stack's names.
func (c *principals) secretAttempts(t *testing.T, suffix string) []namedAttempt {
	t.Helper()
	id, version := straySecret(t, c.out, suffix)
	secret := func(call func(ctx context.Context, client *secretsmanager.Client) error) attempt {
		return func(ctx context.Context, config aws.Config) error {
			return call(ctx, secretsmanager.NewFromConfig(config))
		}
	}
	value := aws.String(`{"username":"app","password":"e2e"}`)
	policy := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`)
	foreign := *stackFunction(t, c.other, "rotate").FunctionArn
	return []namedAttempt{
		// First, because later calls add versions to the secret, which drops those without a staging label.
		{"cannot make another version of a secret current", secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{SecretId: &id, VersionStage: aws.String("E2E"), MoveToVersionId: &version})
			return err
		}), secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{SecretId: &id, VersionStage: aws.String("E2E"), RemoveFromVersionId: &version})
			return err
		})},
		{"cannot read a secret by BatchGetSecretValue", secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{id}})
			return err
		}), nil},
		{"cannot write a secret's value by PutSecretValue", secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &id, SecretString: value})
			return err
		}), nil},
		{"cannot write a secret's value by UpdateSecret", secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: &id, SecretString: value})
			return err
		}), nil},
		{"cannot change a secret's policy", secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: &id, ResourcePolicy: policy})
			return err
		}), secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.DeleteResourcePolicy(ctx, &secretsmanager.DeleteResourcePolicyInput{SecretId: &id})
			return err
		})},
		{"cannot create a secret with a replica", secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
				Name: aws.String("didomi-dev-data-e2e-replica"), AddReplicaRegions: []secretstypes.ReplicaRegionType{{Region: aws.String("us-east-1")}},
			})
			return err
		}), secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("didomi-dev-data-e2e-replica"), ForceDeleteWithoutRecovery: aws.Bool(true)})
			return err
		})},
		{"cannot have another stack's function rotate a secret", secret(func(ctx context.Context, client *secretsmanager.Client) error {
			_, err := client.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: &id, RotationLambdaARN: &foreign})
			// With the permission, the error is that Secrets Manager may not invoke the function.
			if err != nil && strings.Contains(err.Error(), "cannot invoke") {
				return nil
			}
			return err
		}), nil},
	}
}

// straySecret creates a secret with a value, under one of the stack's names, for one test.
func straySecret(t *testing.T, out outputs, suffix string) (arn, version string) {
	t.Helper()
	client := secretsmanager.NewFromConfig(awsConfig(out))
	created, err := client.CreateSecret(context.Background(), &secretsmanager.CreateSecretInput{
		Name: aws.String("didomi-" + out.Stack + "-data-" + suffix), SecretString: aws.String("e2e"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := client.DeleteSecret(context.Background(), &secretsmanager.DeleteSecretInput{SecretId: created.ARN, ForceDeleteWithoutRecovery: aws.Bool(true)})
		if err != nil {
			t.Error(err)
		}
	})
	return *created.ARN, *created.VersionId
}

// foreignExecutionLog creates a log group with a name of API Gateway's and the other stack's tags.
func (c *principals) foreignExecutionLog(t *testing.T) string {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(awsConfig(c.other))
	found, err := client.DescribeLogGroups(context.Background(), &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: aws.String("API-Gateway-Execution-Logs_" + c.foreign["restApiId"].(string)),
	})
	if err != nil || len(found.LogGroups) != 1 {
		t.Fatalf("execution logs of %s: %d, %v", c.other.Stack, len(found.LogGroups), err)
	}
	own, err := client.ListTagsForResource(context.Background(), &cloudwatchlogs.ListTagsForResourceInput{
		ResourceArn: aws.String(strings.TrimSuffix(*found.LogGroups[0].Arn, ":*")),
	})
	if err != nil {
		t.Fatal(err)
	}
	name := "API-Gateway-Execution-Logs_e2e/" + c.other.Stack
	if _, err := client.CreateLogGroup(context.Background(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: own.Tags}); err != nil {
		t.Fatal(err)
	}
	return name
}

func dropLogGroup(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := cloudwatchlogs.NewFromConfig(config).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
		return err
	}
}

func readLog(group string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := cloudwatchlogs.NewFromConfig(config).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, Limit: aws.Int32(1)})
		return err
	}
}

var strayLogPolicy = aws.String("e2e-everybody")

func letWriteLogs(ctx context.Context, config aws.Config) error {
	_, err := cloudwatchlogs.NewFromConfig(config).PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{
		PolicyName:     strayLogPolicy,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"es.amazonaws.com"},"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`),
	})
	return err
}

func withdrawLogs(ctx context.Context, config aws.Config) error {
	_, err := cloudwatchlogs.NewFromConfig(config).DeleteResourcePolicy(ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: strayLogPolicy})
	return err
}

// createCluster creates a cluster of an engine for which the sandbox has no server.
func createCluster(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := rds.NewFromConfig(config).CreateDBCluster(ctx, &rds.CreateDBClusterInput{
			DBClusterIdentifier: &name, Engine: aws.String("aurora-mysql"), MasterUsername: aws.String("e2e"), MasterUserPassword: aws.String("a-password-of-ones-own"),
		})
		return err
	}
}

func deleteCluster(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := rds.NewFromConfig(config).DeleteDBCluster(ctx, &rds.DeleteDBClusterInput{DBClusterIdentifier: &name, SkipFinalSnapshot: aws.Bool(true)})
		return err
	}
}

func allowInvoke(function string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := lambda.NewFromConfig(config).AddPermission(ctx, &lambda.AddPermissionInput{
			FunctionName: &function, StatementId: aws.String("e2e"), Principal: aws.String("123456789012"), Action: aws.String("lambda:InvokeFunction"),
		})
		return err
	}
}

func forbidInvoke(function string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := lambda.NewFromConfig(config).RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: &function, StatementId: aws.String("e2e")})
		return err
	}
}

// stop is an alarm action that stops the instance of the alarm's metric.
func stop(config aws.Config) []string {
	return []string{"arn:aws:automate:" + config.Region + ":ec2:stop"}
}

func stopByAlarm(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := cloudwatch.NewFromConfig(config).PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, Namespace: aws.String("AWS/EC2"), MetricName: aws.String("CPUUtilization"), Statistic: "Average",
			ComparisonOperator: "GreaterThanThreshold", Threshold: aws.Float64(0), EvaluationPeriods: aws.Int32(1), Period: aws.Int32(60),
			OKActions: stop(config),
		})
		return err
	}
}

func stopByComposite(ctx context.Context, config aws.Config) error {
	_, err := cloudwatch.NewFromConfig(config).PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String("didomi-dev-api-e2e-composite"), AlarmRule: aws.String("TRUE"), AlarmActions: stop(config),
	})
	return err
}

func dropAlarm(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := cloudwatch.NewFromConfig(config).DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
		return err
	}
}

// organization is docs/scp.json with AWS's FullAWSAccess as a session policy, which restricts a role like a service
// control policy.
func organization(t *testing.T) *string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "docs", "scp.json"))
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Version   string
		Statement []any
	}
	if err := json.Unmarshal(text, &policy); err != nil {
		t.Fatal(err)
	}
	policy.Statement = append(policy.Statement, map[string]string{"Effect": "Allow", "Action": "*", "Resource": "*"})
	limited, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	return aws.String(string(limited))
}

// checkOrganization checks the denials of docs/scp.json, with every other permission and without a boundary.
func checkOrganization(t *testing.T, c *principals, admin *iam.Client) {
	t.Helper()
	limited := assumeWithin(t, c.user.config, c.names["ciDeployRole"].(string), organization(t))
	for _, a := range append(c.secretAttempts(t, "e2e-organization")[:5], []namedAttempt{
		{"cannot create a log resource policy", letWriteLogs, withdrawLogs},
		{"cannot create an alarm that stops an instance", stopByAlarm("didomi-dev-api-e2e"), dropAlarm("didomi-dev-api-e2e")},
		{"cannot create a composite alarm that stops an instance", stopByComposite, dropAlarm("didomi-dev-api-e2e-composite")},
	}...) {
		t.Run("under the service control policy, the deploy role "+a.name, func(t *testing.T) {
			defer c.deploy.allowAll(t, admin)()
			if err := a.try(context.Background(), limited); !denied(err) {
				t.Errorf("it was allowed, or failed for another reason: %v", err)
			}
			if err := a.try(context.Background(), c.deploy.config); err != nil {
				t.Errorf("it fails without the policy too, so the test shows nothing: %v", err)
			}
			if a.undo == nil {
				return
			}
			if err := a.undo(context.Background(), awsConfig(c.out)); err != nil {
				t.Errorf("undo: %v", err)
			}
		})
	}
}
