package api

import (
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// metric is one CloudWatch metric with its statistic.
type metric struct {
	namespace, name, stat string
	dimensions            pulumi.StringMap
}

// metrics are those of alarms and dashboard, along the request path.
type metrics struct {
	site
	log logs
	functions
	gateway
}

// stageMetric is a metric of the whole stage.
func (m metrics) stageMetric(name, stat string) metric {
	return metric{"AWS/ApiGateway", name, stat, pulumi.StringMap{
		"ApiName": m.restAPI.Name, "Stage": m.stage.StageName,
	}}
}

// operation is a metric of one operation of the stage alone.
func (m metrics) operation(o openapi.Operation, name, stat string) metric {
	of := m.stageMetric(name, stat)
	of.dimensions["Resource"] = pulumi.String(o.Path)
	of.dimensions["Method"] = pulumi.String(o.Method)
	return of
}

// function is a metric of the serving function, every version together.
func (m metrics) function(name, stat string) metric {
	return metric{"AWS/Lambda", name, stat, pulumi.StringMap{"FunctionName": m.api.Name}}
}

// newVersion is a metric of the newest version alone, as far as requests come by the alias. What comes by
// an alias with weights is told apart by the version that ran.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
func (m metrics) newVersion(name, stat string) metric {
	of := m.function(name, stat)
	of.dimensions["Resource"] = pulumi.Sprintf("%s:%s", m.api.Name, liveAlias)
	of.dimensions["ExecutedVersion"] = m.api.Version
	return of
}

// blockedRequests are those that a rule of the web ACL blocked. The dimensions are the names that the
// rules and the web ACL give their metrics.
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
func (m metrics) blockedRequests(rule string) metric {
	return metric{"AWS/WAFV2", "BlockedRequests", "Sum", pulumi.StringMap{
		"WebACL": pulumi.String(webACLMetric(m.site)), "Rule": pulumi.String(rule), "Region": pulumi.String(m.Region),
	}}
}

// logEvents is the number of lines that come into a log group.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
func (m metrics) logEvents(group *cloudwatch.LogGroup) metric {
	return metric{"AWS/Logs", "IncomingLogEvents", "Sum", pulumi.StringMap{"LogGroupName": group.Name}}
}

// rotations is a metric of a function that rotates.
func (m metrics) rotations(function *lambda.Function, name, stat string) metric {
	return metric{"AWS/Lambda", name, stat, pulumi.StringMap{"FunctionName": function.Name}}
}

// proxy is a metric of the proxy as a whole, however many instances serve it. Some metrics have no
// finer dimensions but the endpoint.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html
func (m metrics) proxy(name, stat string) metric {
	return metric{"AWS/RDS", name, stat, pulumi.StringMap{"ProxyName": m.args.Database.ProxyName}}
}

// proxyToWriter is a metric of the proxy's connections to the writer.
func (m metrics) proxyToWriter(name, stat string) metric {
	return metric{"AWS/RDS", name, stat, pulumi.StringMap{
		"ProxyName":   m.args.Database.ProxyName,
		"TargetGroup": pulumi.String("default"), "TargetRole": pulumi.String("READ_WRITE"),
	}}
}

// writer is a metric of the cluster's writer, whichever instance that is; readers of all others, the
// highest of them.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/dimensions.html
func (m metrics) writer(name string) metric { return m.role("WRITER", name) }

func (m metrics) readers(name string) metric { return m.role("READER", name) }

func (m metrics) role(role, name string) metric {
	return metric{"AWS/RDS", name, "Maximum", pulumi.StringMap{
		"DBClusterIdentifier": m.args.Database.ClusterIdentifier, "Role": pulumi.String(role),
	}}
}

// cacheNodes is a metric of every node of the cache: ElastiCache publishes no sum of them. Each member of
// the replication group is a cluster of one node. The names come from ElastiCache: shards that were
// removed and added have other numbers than those that a group begins with.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.html
func (m metrics) cacheNodes(name, stat string) []metric {
	nodes := make([]metric, m.args.Cache.Nodes)
	for i := range nodes {
		nodes[i] = metric{"AWS/ElastiCache", name, stat, pulumi.StringMap{
			"CacheClusterId": m.cacheNode(i), "CacheNodeId": pulumi.String("0001"),
		}}
	}
	return nodes
}

// cacheNode is the name of one member. A preview that changes the number of members does not know it yet. A
// member that ElastiCache does not list is named as missing, and the alarm on its memory enters ALARM.
func (m metrics) cacheNode(i int) pulumi.StringOutput {
	return m.args.Cache.Members.ToStringArrayOutput().ApplyT(func(members []string) string {
		names := slices.Sorted(slices.Values(members))
		if i >= len(names) {
			return fmt.Sprintf("member-%d-is-missing", i+1)
		}
		return names[i]
	}).(pulumi.StringOutput)
}

// errorLines is the number of error lines in the serving function's log.
func (m metrics) errorLines() metric {
	return metric{m.name, errorLinesMetric, "Sum", pulumi.StringMap{}}
}

// cacheAnswers is the number of answers of that X-Cache.
func (m metrics) cacheAnswers(result string) metric {
	return metric{m.name, cacheAnswersMetric, "Sum", pulumi.StringMap{"Result": pulumi.String(result)}}
}

// refusals is the number of answers of the door itself, of that gateway response type.
func (m metrics) refusals(responseType string) metric {
	return metric{m.name, refusalsMetric + responseType, "Sum", pulumi.StringMap{}}
}
