package watch

import (
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// metric is one CloudWatch metric with its statistic.
type metric struct {
	namespace, name, stat string
	dimensions            pulumi.StringMap
}

// stageMetric is a metric of the whole stage.
func (a Args) stageMetric(name, stat string) metric {
	return metric{"AWS/ApiGateway", name, stat, pulumi.StringMap{
		"ApiName": a.RestAPIName, "Stage": a.StageName,
	}}
}

// operation is a metric of one operation of the stage alone.
func (a Args) operation(o openapi.Operation, name, stat string) metric {
	of := a.stageMetric(name, stat)
	of.dimensions["Resource"] = pulumi.String(o.Path)
	of.dimensions["Method"] = pulumi.String(o.Method)
	return of
}

// function is a metric of the serving function, every version together.
func (a Args) function(name, stat string) metric {
	return metric{"AWS/Lambda", name, stat, pulumi.StringMap{"FunctionName": a.Function.Name}}
}

// alias is a metric of the alias through which requests come. The share of its provisioned concurrency that is in use has
// no other dimensions.
func (a Args) alias(name, stat string) metric {
	of := a.function(name, stat)
	of.dimensions["Resource"] = pulumi.Sprintf("%s:%s", a.Function.Name, a.Function.Alias)
	return of
}

// newVersion is a metric of the newest version alone, for requests through the alias. Lambda reports a metric of the alias
// by version only while the alias routes to two versions.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
func (a Args) newVersion(name, stat string) metric {
	of := a.alias(name, stat)
	of.dimensions["ExecutedVersion"] = a.Function.Version
	return of
}

// rateBlocks are the requests that the web ACL's rate rule blocked. The dimensions are the names that the
// rules and the web ACL give their metrics.
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
func (a Args) rateBlocks() metric {
	return metric{"AWS/WAFV2", "BlockedRequests", "Sum", pulumi.StringMap{
		"WebACL": pulumi.String(a.Firewall.WebACL), "Rule": pulumi.String(a.Firewall.RateRule), "Region": pulumi.String(a.Region),
	}}
}

// logEvents is the number of lines that come into a log group.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
func (a Args) logEvents(group pulumi.StringInput) metric {
	return metric{"AWS/Logs", "IncomingLogEvents", "Sum", pulumi.StringMap{"LogGroupName": group}}
}

// proxy is a metric of the proxy as a whole, however many instances serve it. Some metrics have no
// finer dimensions but the endpoint.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html
func (a Args) proxy(name, stat string) metric {
	return metric{"AWS/RDS", name, stat, pulumi.StringMap{"ProxyName": a.Database.ProxyName}}
}

// proxyToWriter is a metric of the proxy's connections to the writer.
func (a Args) proxyToWriter(name, stat string) metric {
	return metric{"AWS/RDS", name, stat, pulumi.StringMap{
		"ProxyName":   a.Database.ProxyName,
		"TargetGroup": pulumi.String("default"), "TargetRole": pulumi.String("READ_WRITE"),
	}}
}

// writer is a metric of the cluster's writer, whichever instance that is; readers of all others, the
// highest of them.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/dimensions.html
func (a Args) writer(name string) metric { return a.role("WRITER", name) }

func (a Args) readers(name string) metric { return a.role("READER", name) }

func (a Args) role(role, name string) metric {
	return metric{"AWS/RDS", name, "Maximum", pulumi.StringMap{
		"DBClusterIdentifier": a.Database.ClusterIdentifier, "Role": pulumi.String(role),
	}}
}

// cacheNodes is a metric of every node of the cache: ElastiCache publishes no sum of them. Each member of
// the replication group is a cluster of one node. The names come from ElastiCache: shards that were
// removed and added have other numbers than those that a group begins with.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.html
func (a Args) cacheNodes(name, stat string) []metric {
	nodes := make([]metric, a.Cache.Nodes)
	for i := range nodes {
		nodes[i] = metric{"AWS/ElastiCache", name, stat, pulumi.StringMap{
			"CacheClusterId": a.cacheNode(i), "CacheNodeId": pulumi.String("0001"),
		}}
	}
	return nodes
}

// cacheNode is the name of one member. A preview that changes the number of members does not know it yet. A
// member that ElastiCache does not list is named as missing, and the alarm on its memory enters ALARM.
func (a Args) cacheNode(i int) pulumi.StringOutput {
	return a.Cache.Members.ToStringArrayOutput().ApplyT(func(members []string) string {
		names := slices.Sorted(slices.Values(members))
		if i >= len(names) {
			return fmt.Sprintf("member-%d-is-missing", i+1)
		}
		return names[i]
	}).(pulumi.StringOutput)
}

// errorLines is the number of error lines in the serving function's log.
func (a Args) errorLines() metric {
	return metric{a.Name, errorLinesMetric, "Sum", pulumi.StringMap{}}
}

// cacheAnswers is the number of responses with that value of X-Cache.
func (a Args) cacheAnswers(result string) metric {
	return metric{a.Name, cacheAnswersMetric, "Sum", pulumi.StringMap{"Result": pulumi.String(result)}}
}

// refusals is the number of gateway responses of that type: API Gateway returns them itself.
func (a Args) refusals(responseType string) metric {
	return metric{a.Name, refusalsMetric + responseType, "Sum", pulumi.StringMap{}}
}
