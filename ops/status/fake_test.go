package status

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/didomi/serverless-api/ops/graph"
)

var now = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

// account is an account with a healthy stack, which a test changes.
type account struct {
	alarms      []cloudwatchtypes.MetricAlarm
	composite   []cloudwatchtypes.CompositeAlarm
	certificate acmtypes.CertificateDetail
	alias       lambda.GetAliasOutput
	reserved    *int32
	cluster     rdstypes.DBCluster
	instance    rdstypes.DBInstance
	cache       cachetypes.ReplicationGroup
	secret      secretsmanager.DescribeSecretOutput
	// denied is the error of the calls with these names.
	denied map[string]error
	// described are the identifiers in calls of DescribeDBClusters.
	described []string
}

func (a *account) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	out := &cloudwatch.DescribeAlarmsOutput{}
	for _, name := range in.AlarmNames {
		for _, alarm := range a.alarms {
			if aws.ToString(alarm.AlarmName) == name {
				out.MetricAlarms = append(out.MetricAlarms, alarm)
			}
		}
		for _, alarm := range a.composite {
			if aws.ToString(alarm.AlarmName) == name {
				out.CompositeAlarms = append(out.CompositeAlarms, alarm)
			}
		}
	}
	return out, a.denied["DescribeAlarms"]
}

func (a *account) DescribeCertificate(context.Context, *acm.DescribeCertificateInput, ...func(*acm.Options)) (*acm.DescribeCertificateOutput, error) {
	return &acm.DescribeCertificateOutput{Certificate: &a.certificate}, a.denied["DescribeCertificate"]
}

func (a *account) GetAlias(context.Context, *lambda.GetAliasInput, ...func(*lambda.Options)) (*lambda.GetAliasOutput, error) {
	return &a.alias, a.denied["GetAlias"]
}

func (a *account) GetFunctionConcurrency(context.Context, *lambda.GetFunctionConcurrencyInput, ...func(*lambda.Options)) (*lambda.GetFunctionConcurrencyOutput, error) {
	return &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: a.reserved}, nil
}

func (a *account) GetAccountSettings(context.Context, *lambda.GetAccountSettingsInput, ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error) {
	return &lambda.GetAccountSettingsOutput{AccountLimit: &lambdatypes.AccountLimit{UnreservedConcurrentExecutions: aws.Int32(900)}}, nil
}

func (a *account) DescribeDBClusters(_ context.Context, in *rds.DescribeDBClustersInput, _ ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error) {
	a.described = append(a.described, *in.DBClusterIdentifier)
	cluster := a.cluster
	cluster.DBClusterIdentifier = in.DBClusterIdentifier
	return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{cluster}}, a.denied["DescribeDBClusters"]
}

func (a *account) DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	return &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{a.instance}}, nil
}

func (a *account) DescribeReplicationGroups(context.Context, *elasticache.DescribeReplicationGroupsInput, ...func(*elasticache.Options)) (*elasticache.DescribeReplicationGroupsOutput, error) {
	return &elasticache.DescribeReplicationGroupsOutput{ReplicationGroups: []cachetypes.ReplicationGroup{a.cache}}, nil
}

func (a *account) DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	return &a.secret, a.denied["DescribeSecret"]
}

func healthy() *account {
	return &account{
		alarms: []cloudwatchtypes.MetricAlarm{
			{AlarmName: aws.String("didomi-dev-api-throttles"), StateValue: cloudwatchtypes.StateValueOk, ActionsEnabled: aws.Bool(true)},
		},
		composite: []cloudwatchtypes.CompositeAlarm{
			{AlarmName: aws.String("didomi-dev-api-customer-impact"), StateValue: cloudwatchtypes.StateValueInsufficientData, ActionsEnabled: aws.Bool(true)},
		},
		certificate: acmtypes.CertificateDetail{DomainName: aws.String("dev.didomi.example"), Status: acmtypes.CertificateStatusIssued, NotAfter: aws.Time(now.Add(100 * day))},
		alias:       lambda.GetAliasOutput{FunctionVersion: aws.String("7")},
		cluster: rdstypes.DBCluster{
			DBClusterIdentifier: aws.String("cluster"), Status: aws.String("available"), EngineVersion: aws.String("16.11"), DBClusterMembers: make([]rdstypes.DBClusterMember, 2),
			ServerlessV2ScalingConfiguration: &rdstypes.ServerlessV2ScalingConfigurationInfo{MinCapacity: aws.Float64(0.5), MaxCapacity: aws.Float64(4)},
		},
		instance: rdstypes.DBInstance{CertificateDetails: &rdstypes.CertificateDetails{ValidTill: aws.Time(now.Add(200 * day))}},
		cache: cachetypes.ReplicationGroup{
			Status: aws.String("available"), Engine: aws.String("redis"), CacheNodeType: aws.String("cache.t4g.micro"),
			NodeGroups: make([]cachetypes.NodeGroup, 1), MemberClusters: []string{"a", "b"},
		},
		secret: secretsmanager.DescribeSecretOutput{
			Name: aws.String("app"), CreatedDate: aws.Time(now.Add(-90 * day)), LastRotatedDate: aws.Time(now.Add(-10 * day)), RotationEnabled: aws.Bool(true),
			RotationRules: &secretstypes.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
		},
	}
}

// of is the stack of these tests, in an account.
func of(a *account) *stack {
	resource := func(token, id string, inputs map[string]any) graph.Resource {
		return graph.Resource{URN: id, Type: token, ID: id, Name: id, Custom: true, Inputs: inputs, Outputs: map[string]any{}}
	}
	function := resource("aws:lambda/function:Function", "didomi-dev-api-function", map[string]any{"runtime": "provided.al2023"})
	function.Outputs["version"] = "7"
	function.Outputs["name"] = "didomi-dev-api-function"
	g := &graph.Graph{Project: "didomi", Stack: "dev", Resources: []graph.Resource{
		resource("aws:cloudwatch/metricAlarm:MetricAlarm", "didomi-dev-api-throttles", nil),
		resource("aws:cloudwatch/compositeAlarm:CompositeAlarm", "didomi-dev-api-customer-impact", nil),
		resource("aws:rds/cluster:Cluster", "cluster", map[string]any{"engine": "aurora-postgresql", "engineVersion": "16.11"}),
		resource("aws:rds/clusterInstance:ClusterInstance", "instance-1", map[string]any{"caCertIdentifier": "rds-ca-rsa2048-g1"}),
		resource("aws:elasticache/replicationGroup:ReplicationGroup", "cache", map[string]any{"engine": "redis", "engineVersion": "7.1"}),
		resource("aws:acm/certificate:Certificate", "arn:certificate", nil),
		resource("aws:apigateway/restApi:RestApi", "api", map[string]any{"body": `{"info":{"version":"1.4.0"}}`}),
		function,
		resource("aws:lambda/alias:Alias", "alias", map[string]any{"functionName": "didomi-dev-api-function", "name": "live"}),
		resource("aws:lambda/invocation:Invocation", "migrated", map[string]any{"result": `{"applied":[],"version":3,"role":"app"}`}),
		resource("aws:lambda/invocation:Invocation", "set", map[string]any{"result": "null"}),
		resource("aws:secretsmanager/secret:Secret", "arn:app", nil),
		resource("aws:secretsmanager/secretRotation:SecretRotation", "rotation", map[string]any{"secretId": "arn:app", "rotationRules": map[string]any{"automaticallyAfterDays": 30.0}}),
		resource("pulumi:providers:aws", "aws", map[string]any{"version": "6.83.4"}),
	}}
	return &stack{graph: g, now: now, warnDays: 180, acm: a, alarms: a, cache: a, lambda: a, rds: a, secrets: a}
}
