package gateway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// contentCase is a call and a Deny statement with a condition on the call's content.
type contentCase struct {
	denial string
	call   func(t *testing.T, c aws.Config) error
	denied bool
}

// Each role is allowed everything but one denial, as by the deploy role's boundary or a service control policy.
// https://docs.aws.amazon.com/service-authorization/latest/reference/, columns "Condition keys"
func TestAPolicyAppliesByTheConditionKeysOfACall(t *testing.T) {
	s := newTestEnv(t, nil)
	admin := secretsmanager.NewFromConfig(s.config())
	if _, err := admin.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("content")}); err != nil {
		t.Fatal(err)
	}
	if _, err := rds.NewFromConfig(s.config()).CreateDBCluster(t.Context(), clusterNamed("managed", true)); err != nil {
		t.Fatal(err)
	}
	if _, err := rds.NewFromConfig(s.config()).CreateDBCluster(t.Context(), clusterNamed("typed", false)); err != nil {
		t.Fatal(err)
	}
	if err := newFunction(t, s, s.config()); err != nil {
		t.Fatal(err)
	}
	const (
		actions  = `"Action":["cloudwatch:PutMetricAlarm","cloudwatch:PutCompositeAlarm"],"Condition":{"ForAnyValue:StringNotLike":{"cloudwatch:AlarmActions":"arn:aws:sns:*"}}`
		invokers = `"Action":"lambda:AddPermission","Condition":{"StringNotEquals":{"lambda:Principal":"apigateway.amazonaws.com"}}`
		replicas = `"Action":"secretsmanager:CreateSecret","Condition":{"Null":{"secretsmanager:AddReplicaRegions":"false"}}`
		rotation = `"Action":"secretsmanager:RotateSecret","Condition":{"Null":{"secretsmanager:RotationLambdaARN":"false"},` +
			`"ArnNotLike":{"secretsmanager:RotationLambdaARN":"arn:aws:lambda:eu-west-1:000000000000:function:ours-*"}}`
		password = `"Action":["rds:CreateDBCluster","rds:ModifyDBCluster"],"Condition":{"Bool":{"rds:ManageMasterUserPassword":"false"}}`
		role     = `"Action":["iam:CreateRole","logs:*","secretsmanager:CreateSecret"],"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:*:iam::*:role/content-*"}}`
		others   = `"Action":["iam:CreateRole","secretsmanager:CreateSecret"],"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:*:iam::*:role/other-*"}}`
		direct   = `"Action":"kms:CreateKey","Condition":{"Bool":{"aws:ViaAWSService":"false"}}`
		names    = `"Action":"acm:RequestCertificate","Condition":{"ForAnyValue:StringNotEquals":{"acm:DomainNames":"ours.example"}}`
		spaces   = `"Action":"application-autoscaling:RegisterScalableTarget","Condition":{"StringNotEquals":{"application-autoscaling:service-namespace":"lambda"}}`
		topic    = "arn:aws:sns:eu-west-1:000000000000:t"
		stop     = "arn:aws:automate:eu-west-1:ec2:stop"
	)
	n := 0
	for name, c := range map[string]contentCase{
		"an alarm without actions":                        {actions, alarming("content"), false},
		"an alarm that publishes to a topic":              {actions, alarming("content", topic), false},
		"an alarm that stops an instance":                 {actions, alarming("content", stop), true},
		"an alarm that does both":                         {actions, alarming("content", topic, stop), true},
		"an alarm that stops an instance when it is OK":   {actions, recovering("content", stop), true},
		"a composite alarm that publishes":                {actions, composing(topic), false},
		"a composite alarm that stops an instance":        {actions, composing(stop), true},
		"a certificate of a name":                         {names, requesting("ours.example"), false},
		"a certificate of another name":                   {names, requesting("theirs.example"), true},
		"a certificate of two names, one of them another": {names, requesting("ours.example", "theirs.example"), true},
		"a scalable target of a function":                 {spaces, registering("lambda", "function:content:1", "lambda:function:ProvisionedConcurrency"), false},
		"a scalable target of a table":                    {spaces, registering("dynamodb", "table/content", "dynamodb:table:ReadCapacityUnits"), true},
		"a permission for API Gateway to invoke":          {invokers, permitting("beyond", "api", "apigateway.amazonaws.com"), false},
		"a permission for another account to invoke":      {invokers, permitting("beyond", "account", "123456789012"), true},
		"a secret":                                         {replicas, secretWith("content-plain", ""), false},
		"a secret with a replica":                          {replicas, secretWith("content-replica", "us-east-1"), true},
		"a rotation by another stack's function":           {rotation, rotating("arn:aws:lambda:eu-west-1:000000000000:function:theirs-f"), true},
		"a rotation with the current settings":             {rotation, rotating(""), false},
		"a cluster with a managed password":                {password, creatingCluster("content-managed", true), false},
		"a cluster with the caller's password":             {password, creatingCluster("content-typed", false), true},
		"a change of a cluster with a managed password":    {password, changing("managed", ""), false},
		"a password for a cluster with a managed one":      {password, changing("managed", "a-chosen-password"), true},
		"a change of a cluster without a managed password": {password, changing("typed", ""), true},
		"a call by a role that the denial names":           {role, secretWith("content-role", ""), true},
		"a call that the gateway evaluates again":          {role, creatingRole, true},
		"a call by a role that the denial does not name":   {others, secretWith("content-other", ""), false},
		"a call that no AWS service makes":                 {direct, creatingKey, true},
	} {
		t.Run(name, func(t *testing.T) {
			n++
			all := `{"Effect":"Allow","Action":"*","Resource":"*"}`
			err := c.call(t, s.assumeRole(t, fmt.Sprintf("content-%d", n), document(all, `{"Effect":"Deny","Resource":"*",`+c.denial+`}`)))
			// Secrets Manager returns the same code if it cannot invoke the function.
			if got := strings.Contains(denied(err), "is not authorized to perform"); got != c.denied {
				t.Errorf("got %v, want access denied: %v", err, c.denied)
			}
		})
	}
}

func alarming(name string, actions ...string) func(t *testing.T, c aws.Config) error {
	return putting(&cloudwatch.PutMetricAlarmInput{AlarmName: &name, AlarmActions: actions})
}

func recovering(name string, actions ...string) func(t *testing.T, c aws.Config) error {
	return putting(&cloudwatch.PutMetricAlarmInput{AlarmName: &name, OKActions: actions})
}

func putting(alarm *cloudwatch.PutMetricAlarmInput) func(t *testing.T, c aws.Config) error {
	alarm.MetricName, alarm.Namespace, alarm.Statistic = aws.String("Errors"), aws.String("AWS/Lambda"), "Sum"
	alarm.ComparisonOperator, alarm.Threshold = "GreaterThanThreshold", aws.Float64(1)
	alarm.EvaluationPeriods, alarm.Period = aws.Int32(1), aws.Int32(60)
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		_, err := cloudwatch.NewFromConfig(c).PutMetricAlarm(t.Context(), alarm)
		return err
	}
}

func composing(action string) func(t *testing.T, c aws.Config) error {
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		_, err := cloudwatch.NewFromConfig(c).PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
			AlarmName: aws.String("content-composite"), AlarmRule: aws.String("FALSE"), AlarmActions: []string{action},
		})
		return err
	}
}

func requesting(name string, others ...string) func(t *testing.T, c aws.Config) error {
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		_, err := acm.NewFromConfig(c).RequestCertificate(t.Context(), &acm.RequestCertificateInput{
			DomainName: &name, SubjectAlternativeNames: others, ValidationMethod: acmtypes.ValidationMethodDns,
		})
		return err
	}
}

func registering(space scalingtypes.ServiceNamespace, resource string, dimension scalingtypes.ScalableDimension) func(t *testing.T, c aws.Config) error {
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		_, err := applicationautoscaling.NewFromConfig(c).RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
			ServiceNamespace: space, ResourceId: &resource, ScalableDimension: dimension, MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(1),
		})
		return err
	}
}

func permitting(function, id, principal string) func(t *testing.T, c aws.Config) error {
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		_, err := lambda.NewFromConfig(c).AddPermission(t.Context(), &lambda.AddPermissionInput{
			FunctionName: &function, StatementId: &id, Principal: &principal, Action: aws.String("lambda:InvokeFunction"),
		})
		return err
	}
}

func secretWith(name, replica string) func(t *testing.T, c aws.Config) error {
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		secret := &secretsmanager.CreateSecretInput{Name: &name}
		if replica != "" {
			secret.AddReplicaRegions = []secretstypes.ReplicaRegionType{{Region: &replica}}
		}
		_, err := secretsmanager.NewFromConfig(c).CreateSecret(t.Context(), secret)
		return err
	}
}

// rotating fails in any case: if the caller is allowed to call it, because the secret has no rotation.
func rotating(function string) func(t *testing.T, c aws.Config) error {
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		request := &secretsmanager.RotateSecretInput{SecretId: aws.String("content")}
		if function != "" {
			request.RotationLambdaARN = &function
		}
		_, err := secretsmanager.NewFromConfig(c).RotateSecret(t.Context(), request)
		return err
	}
}

func clusterNamed(name string, managed bool) *rds.CreateDBClusterInput {
	cluster := &rds.CreateDBClusterInput{DBClusterIdentifier: &name, Engine: aws.String("aurora-postgresql"), MasterUsername: aws.String("master")}
	if managed {
		cluster.ManageMasterUserPassword = aws.Bool(true)
	} else {
		cluster.MasterUserPassword = aws.String("a-chosen-password")
	}
	return cluster
}

func creatingCluster(name string, managed bool) func(t *testing.T, c aws.Config) error {
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		_, err := rds.NewFromConfig(c).CreateDBCluster(t.Context(), clusterNamed(name, managed))
		return err
	}
}

// changing sets a cluster's password, which RDS then no longer manages, or its backup retention period.
func changing(cluster, password string) func(t *testing.T, c aws.Config) error {
	return func(t *testing.T, c aws.Config) error {
		t.Helper()
		request := &rds.ModifyDBClusterInput{DBClusterIdentifier: &cluster, BackupRetentionPeriod: aws.Int32(7)}
		if password != "" {
			request.ManageMasterUserPassword, request.MasterUserPassword = aws.Bool(false), &password
		}
		_, err := rds.NewFromConfig(c).ModifyDBCluster(t.Context(), request)
		return err
	}
}

func creatingRole(t *testing.T, c aws.Config) error {
	t.Helper()
	_, err := iam.NewFromConfig(c).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("content-created"), AssumeRolePolicyDocument: aws.String(lambdaTrust),
	})
	return err
}

func creatingKey(t *testing.T, c aws.Config) error {
	t.Helper()
	_, err := kms.NewFromConfig(c).CreateKey(t.Context(), &kms.CreateKeyInput{})
	return err
}
