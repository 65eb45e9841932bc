// Package awsmetrics has what AWS publishes of the metrics that the project uses: names, dimensions and units. Tests hold
// alarms, dashboards, the audit's table and the sandbox's own metrics against it. An alarm on a metric that AWS does not
// publish never enters ALARM, and a line of a dashboard stays empty.
//
// Names and dimensions are AWS's own: catalog.json is an extract of the npm package aws-cdk-lib, whose metrics are generated
// from those of AWS's service dashboards. It has no units, and not every metric: documented has them by AWS's pages.
package awsmetrics

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed catalog.json
var catalogFile []byte

// catalog are the dimension sets by namespace and metric. Each set is sorted, its names are separated by spaces.
type catalog map[string]map[string][]string

var readCatalog = sync.OnceValues(func() (catalog, error) {
	var file struct{ Metrics catalog }
	if err := json.Unmarshal(catalogFile, &file); err != nil {
		return nil, fmt.Errorf("catalog.json: %w", err)
	}
	return file.Metrics, nil
})

// fact is AWS's documentation of a metric.
type fact struct {
	unit string
	// sets are the dimension sets that the catalog lacks, and page is where AWS documents them.
	sets []string
	page string
}

const (
	proxyPage       = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html"
	auroraPage      = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/dimensions.html"
	wafPage         = "https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html"
	replicationPage = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html#s3-cloudwatch-replication-metrics"
	backupPage      = "https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html"
	byRole          = "DBClusterIdentifier Role"
	ofWriter        = "ProxyName TargetGroup TargetRole"
)

// documented has the unit of each metric that the project uses or publishes, by the pages
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html,
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html,
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html,
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html and
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html.
var documented = map[string]fact{
	"AWS/ApiGateway 4XXError":           {unit: "Count"},
	"AWS/ApiGateway 5XXError":           {unit: "Count"},
	"AWS/ApiGateway Count":              {unit: "Count"},
	"AWS/ApiGateway IntegrationLatency": {unit: "Milliseconds"},
	"AWS/ApiGateway Latency":            {unit: "Milliseconds"},

	"AWS/Lambda ConcurrentExecutions":                       {unit: "Count"},
	"AWS/Lambda Duration":                                   {unit: "Milliseconds"},
	"AWS/Lambda Errors":                                     {unit: "Count"},
	"AWS/Lambda Invocations":                                {unit: "Count"},
	"AWS/Lambda ProvisionedConcurrencySpilloverInvocations": {unit: "Count"},
	"AWS/Lambda ProvisionedConcurrencyUtilization":          {unit: "Count"}, // a fraction
	"AWS/Lambda ProvisionedConcurrentExecutions":            {unit: "Count"},
	"AWS/Lambda Throttles":                                  {unit: "Count"},

	"AWS/RDS ACUUtilization":                       {"Percent", []string{byRole, "DBInstanceIdentifier"}, auroraPage},
	"AWS/RDS AuroraReplicaLag":                     {"Milliseconds", []string{byRole, "DBInstanceIdentifier"}, auroraPage},
	"AWS/RDS DatabaseConnections":                  {"Count", []string{byRole}, auroraPage},
	"AWS/RDS ServerlessDatabaseCapacity":           {"Count", []string{byRole}, auroraPage},
	"AWS/RDS DatabaseConnectionsBorrowLatency":     {"Microseconds", []string{"ProxyName", "EndpointName ProxyName"}, proxyPage},
	"AWS/RDS DatabaseConnectionsCurrentlyBorrowed": {"Count", []string{"ProxyName", ofWriter}, proxyPage},
	"AWS/RDS MaxDatabaseConnectionsAllowed":        {"Count", []string{"ProxyName", ofWriter}, proxyPage},

	"AWS/ElastiCache CacheHits":                     {unit: "Count"},
	"AWS/ElastiCache CacheMisses":                   {unit: "Count"},
	"AWS/ElastiCache CurrConnections":               {unit: "Count"},
	"AWS/ElastiCache DatabaseMemoryUsagePercentage": {unit: "Percent"},
	"AWS/ElastiCache Evictions":                     {unit: "Count"},

	"AWS/Logs IncomingBytes":     {unit: "Bytes"},
	"AWS/Logs IncomingLogEvents": {unit: "None"},

	"AWS/WAFV2 BlockedRequests": {"Count", []string{"Region Rule WebACL"}, wafPage},

	"AWS/S3 OperationsFailedReplication": {"Count", []string{"DestinationBucket RuleId SourceBucket"}, replicationPage},
	// The page has no unit: it calls the metric a number of jobs. Of the dimensions it has examples; CloudWatch's "Supported
	// metrics for resource tags for telemetry" has these two sets.
	"AWS/Backup NumberOfCopyJobsCompleted": {"Count", []string{"BackupVaultName", "BackupVaultName ResourceType"}, backupPage},
}

// Unit returns the unit in which AWS publishes a metric; empty: it is not known.
func Unit(namespace, name string) string { return documented[namespace+" "+name].unit }

// Check returns why AWS publishes no such metric. An empty unit is not checked.
func Check(namespace, name string, dimensions []string, unit string) error {
	known, err := readCatalog()
	if err != nil {
		return err
	}
	metric := namespace + " " + name
	of, ok := documented[metric]
	if !ok {
		return fmt.Errorf("%s: AWS publishes no such metric, or internal/awsmetrics lacks it: read AWS's page and add its unit", metric)
	}
	set := strings.Join(slices.Sorted(slices.Values(dimensions)), " ")
	if all := slices.Concat(known[namespace][name], of.sets); !slices.Contains(all, set) {
		return fmt.Errorf("%s by %q: AWS publishes it by %q", metric, set, all)
	}
	if unit != "" && unit != of.unit {
		return fmt.Errorf("%s in %s: AWS publishes it in %s", metric, unit, of.unit)
	}
	return nil
}
