package cfnschema

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// resource is a resource of a state with its expected finding; "" means none.
type resource struct {
	name, token string
	inputs      map[string]any
	finding     string
}

const (
	clusterToken = "aws:rds/cluster:Cluster"
	cacheToken   = "aws:elasticache/replicationGroup:ReplicationGroup"
	queueToken   = "aws:sqs/queue:Queue"
)

// with returns the inputs with one of them changed.
func with(inputs map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(inputs)
	changed[name] = value
	return changed
}

var (
	cluster = map[string]any{
		"clusterIdentifier": "app-cluster", "engine": "aurora-postgresql", "engineMode": "provisioned", "engineVersion": "16.11",
		"backupRetentionPeriod": 30, "databaseName": "app", "masterUsername": "master", "manageMasterUserPassword": true,
		"serverlessv2ScalingConfiguration": map[string]any{"minCapacity": 0.5, "maxCapacity": 2}, "skipFinalSnapshot": true,
	}
	instance = map[string]any{
		"clusterIdentifier": "app-cluster", "engine": "aurora-postgresql", "engineVersion": "16.11",
		"identifierPrefix": "app-instance-1-", "instanceClass": "db.serverless",
	}
	cache = map[string]any{
		"description": "The cache", "engine": "redis", "engineVersion": "7.1", "nodeType": "cache.t4g.micro",
		"automaticFailoverEnabled": true, "transitEncryptionEnabled": true, "replicasPerNodeGroup": 0, "numNodeGroups": 1,
	}
	proxy = map[string]any{
		"name": "app-proxy", "engineFamily": "POSTGRESQL", "roleArn": "arn:aws:iam::123456789012:role/app-proxy", "vpcSubnetIds": []any{"subnet-1", "subnet-2"},
		"auths": []any{map[string]any{"authScheme": "SECRETS", "iamAuth": "DISABLED", "secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app"}},
	}
	function = map[string]any{
		"name": "app", "role": "arn:aws:iam::123456789012:role/app", "architectures": []any{"arm64"}, "handler": "bootstrap",
		"memorySize": 512, "runtime": "provided.al2023", "timeout": 120, "reservedConcurrentExecutions": -1,
	}
	alarm = map[string]any{
		"name": "app-alarm", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 5, "threshold": 1, "metricName": "Errors",
		"namespace": "AWS/Lambda", "period": 60, "statistic": "Sum", "dimensions": map[string]any{"FunctionName": "app"}, "treatMissingData": "notBreaching",
	}
	query = map[string]any{"id": "rate", "returnData": true, "metric": map[string]any{
		"metricName": "5XXError", "namespace": "AWS/ApiGateway", "period": 300, "stat": "Average", "dimensions": map[string]any{"ApiName": "app", "Stage": "dev"},
	}}
	expression = map[string]any{
		"name": "app-rate", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 0.01, "metricQueries": []any{query},
	}
	logs = map[string]any{"name": "/app", "retentionInDays": 30}
	// With the defaults that the provider sets.
	queue = map[string]any{
		"name": "app-jobs-0a1b2c3", "kmsMasterKeyId": "arn:aws:kms:eu-west-1:123456789012:key/app", "visibilityTimeoutSeconds": 360,
		"redrivePolicy":             `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:app-jobs-dead-letters","maxReceiveCount":5}`,
		"contentBasedDeduplication": false, "fifoQueue": false, "delaySeconds": 0, "maxMessageSize": 262144, "messageRetentionSeconds": 345600, "receiveWaitTimeSeconds": 0,
	}
	source = map[string]any{
		"eventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:app-jobs-0a1b2c3", "functionName": "arn:aws:lambda:eu-west-1:123456789012:function:app-jobs",
		"batchSize": 10, "functionResponseTypes": []any{"ReportBatchItemFailures"}, "enabled": true,
	}
	vault = map[string]any{"name": "app-copies", "kmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/app", "forceDestroy": false}
	lock  = map[string]any{"backupVaultName": "app-copies", "minRetentionDays": 30, "maxRetentionDays": 30}
	key   = map[string]any{"deletionWindowInDays": 30, "enableKeyRotation": true, "rotationPeriodInDays": 365, "policy": `{"Version":"2012-10-17","Statement":[]}`}
)

// Every rule below is part of AWS's schema of the resource, or of the data of a region, both in cfn-lint:
// https://github.com/aws-cloudformation/cfn-lint
var resources = []resource{
	{"cluster", clusterToken, cluster, ""},
	{"a-version-that-rds-never-had", clusterToken, with(cluster, "engineVersion", "16.99"), "EngineVersion: '16.99' is not one of"},
	{"backups-for-too-long", clusterToken, with(cluster, "backupRetentionPeriod", 36), "BackupRetentionPeriod: 36 is greater than the maximum of 35"},
	{"a-long-identifier", clusterToken, with(cluster, "clusterIdentifier", strings.Repeat("a", 64)), "DBClusterIdentifier"},
	{"an-input-without-a-mapping", clusterToken, with(cluster, "performanceInsight", true), "performanceInsight"},
	{"instance", "aws:rds/clusterInstance:ClusterInstance", instance, ""},
	{"an-unknown-class", "aws:rds/clusterInstance:ClusterInstance", with(instance, "instanceClass", "db.r9.large"), "DBInstanceClass: 'db.r9.large' is not one of"},
	{"a-prefix-that-gets-too-long", "aws:rds/clusterInstance:ClusterInstance", with(instance, "identifierPrefix", strings.Repeat("a", 38)), "DBInstanceIdentifier"},
	{"cache", cacheToken, cache, ""},
	{"an-unknown-node-type", cacheToken, with(cache, "nodeType", "cache.t9.micro"), "CacheNodeType: 'cache.t9.micro' is not one of"},
	{"a-version-that-redis-never-had", cacheToken, with(cache, "engineVersion", "7.5"), "EngineVersion: '7.5' is not one of"},
	{"proxy", "aws:rds/proxy:Proxy", proxy, ""},
	{"an-unknown-family", "aws:rds/proxy:Proxy", with(proxy, "engineFamily", "POSTGRES"), "EngineFamily: 'POSTGRES' is not one of"},
	{"function", "aws:lambda/function:Function", function, ""},
	{"too-little-memory", "aws:lambda/function:Function", with(function, "memorySize", 64), "MemorySize: 64 is less than the minimum of 128"},
	{"an-unknown-architecture", "aws:lambda/function:Function", with(function, "architectures", []any{"arm"}), "Architectures.0: 'arm' is not one of"},
	{"alarm", "aws:cloudwatch/metricAlarm:MetricAlarm", alarm, ""},
	{"an-unknown-comparison", "aws:cloudwatch/metricAlarm:MetricAlarm", with(alarm, "comparisonOperator", "Greater"), "ComparisonOperator: 'Greater' is not one of"},
	{"alarm-on-metrics", "aws:cloudwatch/metricAlarm:MetricAlarm", expression, ""},
	{"metrics-without-an-id", "aws:cloudwatch/metricAlarm:MetricAlarm", with(expression, "metricQueries", []any{map[string]any{"metric": query["metric"]}}), "Metrics.0: 'Id' is a required property"},
	{"logs", "aws:cloudwatch/logGroup:LogGroup", logs, ""},
	{"days-that-cloudwatch-does-not-have", "aws:cloudwatch/logGroup:LogGroup", with(logs, "retentionInDays", 31), "RetentionInDays: 31 is not one of"},
	{"a-name-with-a-space", "aws:cloudwatch/logGroup:LogGroup", with(logs, "name", "/the app"), "LogGroupName: '/the app' does not match"},
	{"key", "aws:kms/key:Key", key, ""},
	{"a-key-that-is-gone-at-once", "aws:kms/key:Key", with(key, "deletionWindowInDays", 1), "PendingWindowInDays: 1 is less than the minimum of 7"},
	{"queue", queueToken, queue, ""},
	{"messages-for-too-long", queueToken, with(queue, "messageRetentionSeconds", 1209601), "MessageRetentionPeriod: 1209601 is greater than the maximum of 1209600"},
	{"event-source", "aws:lambda/eventSourceMapping:EventSourceMapping", source, ""},
	{"a-batch-that-is-too-large", "aws:lambda/eventSourceMapping:EventSourceMapping", with(source, "batchSize", 10001), "BatchSize: 10001 is greater than the maximum of 10000"},
	{"vault", "aws:backup/vault:Vault", vault, ""},
	{"a-vault-with-a-space", "aws:backup/vault:Vault", with(vault, "name", "the copies"), "BackupVaultName: 'the copies' does not match"},
	{"lock", "aws:backup/vaultLockConfiguration:VaultLockConfiguration", lock, ""},
	{"a-type-without-a-mapping", "aws:mq/broker:Broker", nil, "aws:mq/broker:Broker: no mapping in sandbox/cfnschema/mapping.py"},
}

// check runs the check on a state of the resources.
func check(t *testing.T, resources []resource) (findings []string, red bool) {
	t.Helper()
	var list []map[string]any
	for _, r := range resources {
		list = append(list, map[string]any{"urn": "urn:pulumi:dev::didomi::" + r.token + "::" + r.name, "type": r.token, "inputs": r.inputs})
	}
	state, err := json.Marshal(map[string]any{"deployment": map[string]any{"resources": list}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(path, state, 0o600); err != nil {
		t.Fatal(err)
	}
	python := filepath.Join("..", "..", ".sandbox", "cfn-lint", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("no cfn-lint at %s: run make cfn-lint", python)
	}
	// go test caches a result until a file changes that the test itself has opened.
	for _, input := range []string{"check.py", "mapping.py", filepath.Join("..", "tools", "cfnlint", "requirements.txt")} {
		if _, err := os.Stat(input); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(python, "check.py", "eu-west-1", path).Output()
	var exited *exec.ExitError
	if err != nil && (!errors.As(err, &exited) || exited.ExitCode() != 1 || len(out) == 0) {
		t.Fatalf("check.py: %v\n%s%s", err, out, exited.Stderr)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err != nil
}

func TestInvalidValuesAreFound(t *testing.T) {
	findings, red := check(t, resources)
	if !red {
		t.Error("the check succeeds")
	}
	for _, r := range resources {
		t.Run(r.name, func(t *testing.T) {
			var own []string
			for _, finding := range findings {
				if strings.HasPrefix(finding, r.name+" ") || strings.HasPrefix(finding, r.token+":") {
					own = append(own, finding)
				}
			}
			if r.finding == "" && len(own) != 0 {
				t.Errorf("found %q", own)
			}
			if r.finding != "" && !strings.Contains(strings.Join(own, "\n"), r.finding) {
				t.Errorf("found %q, want %q", own, r.finding)
			}
		})
	}
}

func TestValidValuesHaveNoFindings(t *testing.T) {
	var good []resource
	for _, r := range resources {
		if r.finding == "" {
			good = append(good, r)
		}
	}
	if findings, red := check(t, good); red {
		t.Errorf("found %q", findings)
	}
}
