package api

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// metric is one CloudWatch metric and how it is summed up.
type metric struct {
	namespace, name, stat string
	dimensions            pulumi.StringMap
}

// metrics knows every metric that alarms and dashboard look at, along the request path.
type metrics struct {
	site
	serving
	gateway
}

// stageMetric is a metric of the whole stage.
func (m metrics) stageMetric(name, stat string) metric {
	return metric{"AWS/ApiGateway", name, stat, pulumi.StringMap{
		"ApiName": m.restAPI.Name, "Stage": m.stage.StageName,
	}}
}

// itemReads is a metric of GET /items/{id} alone.
func (m metrics) itemReads(name, stat string) metric {
	read := m.stageMetric(name, stat)
	read.dimensions["Resource"] = pulumi.String("/items/{id}")
	read.dimensions["Method"] = pulumi.String("GET")
	return read
}

// function is a metric of the serving function, every version together.
func (m metrics) function(name, stat string) metric {
	return metric{"AWS/Lambda", name, stat, pulumi.StringMap{"FunctionName": m.api.Name}}
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

// cluster is a metric of the whole database cluster.
func (m metrics) cluster(name, stat string) metric {
	return metric{"AWS/RDS", name, stat, pulumi.StringMap{
		"DBClusterIdentifier": m.args.Database.ClusterIdentifier,
	}}
}

// readers is a metric of the cluster's readers.
func (m metrics) readers(name, stat string) metric {
	read := m.cluster(name, stat)
	read.dimensions["Role"] = pulumi.String("READER")
	return read
}

// cacheNodes is a metric of every node of the cache: ElastiCache knows no sum of them. A group in
// cluster mode names its nodes after itself, the shard and the place within it.
func (m metrics) cacheNodes(name, stat string) []metric {
	var nodes []metric
	for shard := 1; shard <= m.args.Cache.Shards; shard++ {
		for place := 1; place <= m.args.Cache.Replicas+1; place++ {
			nodes = append(nodes, metric{"AWS/ElastiCache", name, stat, pulumi.StringMap{
				"CacheClusterId": pulumi.Sprintf("%s-%04d-%03d", m.args.Cache.ReplicationGroupID, shard, place),
			}})
		}
	}
	return nodes
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
	return metric{m.name, refusalsMetric, "Sum", pulumi.StringMap{"Type": pulumi.String(responseType)}}
}

// warm is a metric of the executions that are kept warm.
func (m metrics) warm(name, stat string) metric {
	w := m.function(name, stat)
	w.dimensions["Resource"] = pulumi.Sprintf("%s:%s", m.api.Name, m.api.Version)
	return w
}
