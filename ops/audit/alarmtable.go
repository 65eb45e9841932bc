package audit

import (
	"maps"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// published is one way in which AWS publishes a metric: its dimensions, and the statistics that make sense.
type published struct {
	dimensions []string
	statistics []string
}

// metricFacts are AWS's documentation of one metric.
type metricFacts struct {
	unit string
	sets []published
}

func by(statistics string, sets ...string) []published {
	var all []published
	for _, set := range sets {
		all = append(all, published{strings.Fields(set), strings.Fields(statistics)})
	}
	return all
}

// The dimension sets of the services.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.html
var (
	stageSets   = []string{"ApiName Stage", "ApiName Method Resource Stage"}
	versionSets = []string{"FunctionName", "FunctionName Resource", "ExecutedVersion FunctionName Resource"}
	nodeSet     = "CacheClusterId CacheNodeId"
	roleSet     = "DBClusterIdentifier Role"
)

// metricTable are the metrics of AWS that alarms may watch. Before you add one, read AWS's page of it: an alarm on
// a metric that is not published never enters ALARM. A percentile is any statistic that begins with p. The statistics
// depend on the metric: a mean of capacity or memory hides the full instance, and a sum of milliseconds has no meaning.
var metricTable = map[string]metricFacts{
	"AWS/ApiGateway 5XXError": {"Count", by("Average Sum", stageSets...)},
	"AWS/ApiGateway 4XXError": {"Count", by("Average Sum", stageSets...)},
	"AWS/ApiGateway Count":    {"Count", by("SampleCount Sum", stageSets...)},
	"AWS/ApiGateway Latency":  {"Milliseconds", by("Average Maximum p", stageSets...)},

	"AWS/Lambda Errors":      {"Count", by("Sum", versionSets...)},
	"AWS/Lambda Throttles":   {"Count", by("Sum", versionSets...)},
	"AWS/Lambda Invocations": {"Count", by("Sum", versionSets...)},
	"AWS/Lambda Duration":    {"Milliseconds", by("Average Maximum p", versionSets...)},
	// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
	"AWS/Lambda ProvisionedConcurrencySpilloverInvocations": {"Count", by("Sum", versionSets[:2]...)},

	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html
	"AWS/RDS DatabaseConnectionsBorrowLatency": {"Microseconds", by("Average Maximum", "ProxyName", "EndpointName ProxyName")},
	// As a metric of the cluster it is the mean of the instances; the writer's and the readers' are their own.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/dimensions.html
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
	"AWS/RDS ACUUtilization":   {"Percent", by("Maximum", roleSet, "DBInstanceIdentifier")},
	"AWS/RDS AuroraReplicaLag": {"Milliseconds", by("Maximum", roleSet, "DBInstanceIdentifier")},

	// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html
	"AWS/ElastiCache DatabaseMemoryUsagePercentage": {"Percent", by("Maximum", nodeSet)},
	"AWS/ElastiCache Evictions":                     {"Count", by("Sum", nodeSet)},

	// https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
	"AWS/WAFV2 BlockedRequests": {"Count", by("Sum", "Region Rule WebACL")},
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
	"AWS/Logs IncomingLogEvents": {"None", by("Sum", "LogGroupName")},

	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html#s3-cloudwatch-replication-metrics
	"AWS/S3 OperationsFailedReplication": {"Count", by("Sum", "DestinationBucket RuleId SourceBucket")},
	// https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
	"AWS/Backup NumberOfCopyJobsCompleted": {"Count", by("Sum", "BackupVaultName", "BackupVaultName ResourceType")},
}

// shortestPeriod is the interval at which AWS's services publish metrics, in seconds.
const shortestPeriod = 60

// watched is a metric that an alarm watches.
type watched struct {
	namespace, name, statistic, unit string
	dimensions                       []string
	period                           float64
}

func (w watched) metric() string { return w.namespace + " " + w.name }

// watchedBy are the metrics of an alarm: one, or those of its expression.
func watchedBy(alarm *graph.Resource) []watched {
	queries, onQueries := alarm.Value("metricQueries").([]any)
	if !onQueries {
		w := watched{namespace: alarm.Text("namespace"), name: alarm.Text("metricName"), statistic: alarm.Text("statistic"), unit: alarm.Text("unit"), period: alarm.Number("period")}
		if extended := alarm.Text("extendedStatistic"); extended != "" {
			w.statistic = extended
		}
		w.dimensions = namesOf(alarm.Value("dimensions"))
		return []watched{w}
	}
	var list []watched
	for _, query := range queries {
		object, _ := query.(map[string]any)
		metric, isMetric := object["metric"].(map[string]any)
		if !isMetric {
			continue
		}
		text := func(name string) string { value, _ := metric[name].(string); return value }
		period, _ := metric["period"].(float64)
		list = append(list, watched{text("namespace"), text("metricName"), text("stat"), text("unit"), namesOf(metric["dimensions"]), period})
	}
	return list
}

func namesOf(dimensions any) []string {
	object, _ := dimensions.(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

// judgeMetric requires a metric that is published.
func judgeMetric(g *graph.Graph, p *report, alarm *graph.Resource, w watched) {
	metric := w.metric()
	if !strings.HasPrefix(metric, "AWS/") {
		want(p, alarm, countedFromLog(g, w), "name a metric and the dimensions of a log metric filter of the stack", "watches "+metric+", which no log metric filter counts under these dimensions")
		return
	}
	facts, known := metricTable[metric]
	if !known {
		p.add(alarm, "read AWS's page of it, and add it to ops/audit/alarmtable.go", "watches %s, which ops/audit/alarmtable.go does not list", metric)
		return
	}
	i := slices.IndexFunc(facts.sets, func(s published) bool { return slices.Equal(s.dimensions, w.dimensions) })
	if i < 0 {
		p.add(alarm, "name dimensions that AWS publishes it under", "watches %s by %s, under which AWS publishes nothing, or a mean that hides the full instance", metric, list(w.dimensions))
		return
	}
	if !slices.ContainsFunc(facts.sets[i].statistics, func(s string) bool { return s == w.statistic || s == "p" && isPercentile(w.statistic) }) {
		p.add(alarm, "use "+strings.Join(facts.sets[i].statistics, " or "), "watches the %s of %s, which does not say what the alarm is for", w.statistic, metric)
	}
	if w.unit != "" && w.unit != facts.unit {
		p.add(alarm, "leave the unit out, or set "+facts.unit, "watches %s in %s, and AWS publishes it in %s", metric, w.unit, facts.unit)
	}
	if w.period < shortestPeriod {
		p.add(alarm, "set a period of 60 seconds or more", "has a period of %v seconds, and AWS publishes every minute", w.period)
	}
}

// countedFromLog reports whether a log metric filter counts what an alarm watches.
func countedFromLog(g *graph.Graph, w watched) bool {
	return slices.ContainsFunc(g.ByType(types.LogMetricFilter), func(filter *graph.Resource) bool {
		return slices.Equal(namesOf(filter.Value("metricTransformation", "dimensions")), w.dimensions) &&
			filter.Text("metricTransformation", "namespace") == w.namespace && filter.Text("metricTransformation", "name") == w.name
	})
}

func list(names []string) string {
	if len(names) == 0 {
		return "no dimension"
	}
	return strings.Join(names, ", ")
}
