package metrics

import (
	"time"
)

// APIRequest is a request that a stage of API Gateway has served.
type APIRequest struct {
	API, Stage string
	// Resource and Method are empty if the API has no such method.
	Resource, Method string
	// Detailed is whether the method's settings enable its own metrics.
	Detailed bool
	Time     time.Time
	Status   int
	Latency  time.Duration
	// IntegrationLatency is 0 if no integration was called.
	IntegrationLatency time.Duration
}

// apiGateway is the namespace and lambdaNamespace that of Lambda.
const (
	apiGateway      = "AWS/ApiGateway"
	lambdaNamespace = "AWS/Lambda"
)

// Data returns the metrics of the request. An error counts 0 or 1 for each request, so that its average is a rate.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
func (r APIRequest) Data() []Datum {
	sets := []map[string]string{{"ApiName": r.API}, {"ApiName": r.API, "Stage": r.Stage}}
	if r.Detailed && r.Resource != "" {
		sets = append(sets, map[string]string{"ApiName": r.API, "Stage": r.Stage, "Resource": r.Resource, "Method": r.Method})
	}
	var data []Datum
	for _, dimensions := range sets {
		add := func(name, unit string, value float64) {
			data = append(data, Datum{Metric: Metric{apiGateway, name, dimensions}, Unit: unit, Time: r.Time, Value: value})
		}
		add("Count", "Count", 1)
		add("4XXError", "Count", one(r.Status/100 == 4))
		add("5XXError", "Count", one(r.Status/100 == 5))
		add("Latency", "Milliseconds", float64(r.Latency.Milliseconds()))
		if r.IntegrationLatency > 0 {
			add("IntegrationLatency", "Milliseconds", float64(r.IntegrationLatency.Milliseconds()))
		}
	}
	return data
}

// Invocation is an invocation of a function, or an attempt that was throttled.
type Invocation struct {
	Function string
	// Alias is the alias or version that was invoked; empty: none.
	Alias string
	// Version ran the invocation. It is empty unless the alias has weights: Lambda has no such metric otherwise.
	Version           string
	Time              time.Time
	Duration          time.Duration
	Failed, Throttled bool
	// Concurrent are the executions of the function at its begin, and All those of every function.
	Concurrent, All int
}

// Data returns the metrics of the invocation. A throttled attempt is no invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (i Invocation) Data() []Datum {
	function := map[string]string{"FunctionName": i.Function}
	sets := []map[string]string{{}, function}
	if i.Alias != "" {
		resource := i.Function + ":" + i.Alias
		sets = append(sets, map[string]string{"FunctionName": i.Function, "Resource": resource})
		if i.Version != "" {
			sets = append(sets, map[string]string{"FunctionName": i.Function, "Resource": resource, "ExecutedVersion": i.Version})
		}
	}
	var data []Datum
	add := func(dimensions map[string]string, name, unit string, value float64) {
		data = append(data, Datum{Metric: Metric{lambdaNamespace, name, dimensions}, Unit: unit, Time: i.Time, Value: value})
	}
	for _, dimensions := range sets {
		add(dimensions, "Throttles", "Count", one(i.Throttled))
		if i.Throttled {
			continue
		}
		add(dimensions, "Invocations", "Count", 1)
		add(dimensions, "Errors", "Count", one(i.Failed))
		add(dimensions, "Duration", "Milliseconds", float64(i.Duration.Microseconds())/1000)
	}
	if !i.Throttled {
		add(map[string]string{}, "ConcurrentExecutions", "Count", float64(i.All))
		add(function, "ConcurrentExecutions", "Count", float64(i.Concurrent))
	}
	return data
}

// ReplicationOperation is an operation of S3's replication by a rule with metrics.
type ReplicationOperation struct {
	Source, Target, Rule string
	Failed               bool
}

// Datum returns the metric of the operation. It counts 0 or 1, so that its average is the rate of failures.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html#s3-cloudwatch-replication-metrics
func (o ReplicationOperation) Datum() Datum {
	dimensions := map[string]string{"SourceBucket": o.Source, "DestinationBucket": o.Target, "RuleId": o.Rule}
	return Datum{Metric: Metric{"AWS/S3", "OperationsFailedReplication", dimensions}, Unit: "Count", Value: one(o.Failed)}
}

func one(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}
