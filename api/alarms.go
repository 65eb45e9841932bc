package api

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarm goes off when the metric is above the threshold in so many of the last minutes.
type alarm struct {
	name      string
	metric    metric
	threshold float64
	minutes   int // that are bad,
	of        int // of the last so many
	// meaning is what it says to whoever is woken, and first what to look at.
	meaning string
}

// newAlarms makes the topic and every alarm, and returns the topic's ARN.
func newAlarms(ctx *pulumi.Context, s site, l logs, f serving, g gateway) (pulumi.StringOutput, error) {
	topic, err := newTopic(ctx, s)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	if err := countErrorLines(ctx, s, l); err != nil {
		return pulumi.StringOutput{}, err
	}
	for _, a := range (metrics{s, f, g}).alarms() {
		if err := newAlarm(ctx, s, a, topic.Arn); err != nil {
			return pulumi.StringOutput{}, err
		}
	}
	return topic.Arn, nil
}

// alarms are all there are, in the order in which a request meets their causes. Every threshold says
// why it is what it is.
func (m metrics) alarms() []alarm {
	list := []alarm{
		{
			// One request in a hundred is what clients' retries hide. Three bad minutes of five let
			// a single failed request on a quiet night pass.
			name: "5xx", metric: m.stageMetric("5XXError", "Average"), threshold: 0.01, minutes: 3, of: 5,
			meaning: "More than 1 % of the requests are answered 5xx. Look at the access log's errorType, then at the function's errors.",
		},
		{
			// A hit takes milliseconds, a miss tens, a cold start half a second: a second is none of
			// them. Files are left out, a long stream is no fault.
			name: "latency", metric: m.itemReads("Latency", "p99"), threshold: 1000, minutes: 5, of: 5,
			meaning: "The slowest 1 % of item reads take over a second. Look at the cache's hits, then at the proxy's borrow latency.",
		},
		{
			// A throttled invocation is a client turned away; none is normal, a burst may be.
			name: "throttles", metric: m.function("Throttles", "Sum"), threshold: 0, minutes: 2, of: 5,
			meaning: "Lambda turns invocations away. Raise reservedConcurrency or the account's limit, or lower throttleRate.",
		},
		{
			// The function answers every error it expects; one that Lambda counts is a crash, a
			// time-out or too little memory.
			name: "function-errors", metric: m.function("Errors", "Sum"), threshold: 0, minutes: 2, of: 5,
			meaning: "Invocations crash or run out of time or memory. Look at the function's log.",
		},
		{
			// Lines that go with an answer nevertheless; a failover writes some for a minute or two.
			name: "error-lines", metric: m.errorLines(), threshold: 5, minutes: 3, of: 5,
			meaning: "The function logs errors while it answers. Look at its log: something it works around is broken.",
		},
		{
			// A free connection is there in well under a millisecond; a tenth of a second, in
			// microseconds, means that they are all taken and requests queue.
			name: "proxy-connections", metric: m.proxy("DatabaseConnectionsBorrowLatency", "Average"), threshold: 100_000, minutes: 3, of: 5,
			meaning: "Requests wait for a database connection. Look for long transactions and pinned sessions, then raise maxConnectionsPercent or maxCapacity.",
		},
		{
			// At nine tenths of the most it may have for a quarter of an hour, the cluster has
			// nothing left to scale to.
			name: "cluster-capacity", metric: m.cluster("ACUUtilization", "Average"), threshold: 90, minutes: 15, of: 15,
			meaning: "The database is at the end of its capacity. Raise maxCapacity, or find out what loads it.",
		},
	}
	if m.args.Database.Readers > 0 {
		list = append(list, alarm{
			// Aurora's readers share the storage and lag by some 20 ms; a second is what a client
			// notices as an old value.
			name: "replica-lag", metric: m.readers("AuroraReplicaLag", "Maximum"), threshold: 1000, minutes: 5, of: 5,
			meaning: "A reader is over a second behind the writer. Look at the writer's load and for long queries on the reader.",
		})
	}
	return append(list, m.cacheAlarms()...)
}

// cacheAlarms are two for every node: shards fill one by one, so that a mean would hide the full one.
func (m metrics) cacheAlarms() []alarm {
	var list []alarm
	for i, node := range m.cacheNodes("DatabaseMemoryUsagePercentage", "Maximum") {
		list = append(list, alarm{
			// Entries expire within minutes, so memory in use is the working set. At four fifths
			// there is time to grow before evictions begin.
			name: fmt.Sprintf("cache-memory-%d", i+1), metric: node, threshold: 80, minutes: 5, of: 5,
			meaning: "A cache node is four fifths full. Use larger nodes or more shards.",
		})
	}
	for i, node := range m.cacheNodes("Evictions", "Sum") {
		list = append(list, alarm{
			// Nothing should be evicted; a burst of new keys may push a few out.
			name: fmt.Sprintf("cache-evictions-%d", i+1), metric: node, threshold: 100, minutes: 3, of: 5,
			meaning: "A cache node throws entries out before their time, and the database is asked instead. Use larger nodes or more shards.",
		})
	}
	return list
}

// newAlarm makes one alarm that tells the topic when it goes off and when it is over. Minutes
// without any data are good ones: nobody asked.
func newAlarm(ctx *pulumi.Context, s site, a alarm, topic pulumi.StringOutput) error {
	args := &cloudwatch.MetricAlarmArgs{
		AlarmDescription:   pulumi.String(a.meaning),
		Namespace:          pulumi.String(a.metric.namespace),
		MetricName:         pulumi.String(a.metric.name),
		Dimensions:         a.metric.dimensions,
		Period:             pulumi.Int(60),
		ComparisonOperator: pulumi.String("GreaterThanThreshold"),
		Threshold:          pulumi.Float64(a.threshold),
		DatapointsToAlarm:  pulumi.Int(a.minutes),
		EvaluationPeriods:  pulumi.Int(a.of),
		TreatMissingData:   pulumi.String("notBreaching"),
		ActionsEnabled:     pulumi.Bool(true),
		AlarmActions:       pulumi.Array{topic},
		OkActions:          pulumi.Array{topic},
	}
	if strings.HasPrefix(a.metric.stat, "p") {
		args.ExtendedStatistic = pulumi.String(a.metric.stat)
		// A percentile of a handful of requests says nothing.
		args.EvaluateLowSampleCountPercentiles = pulumi.String("ignore")
	} else {
		args.Statistic = pulumi.String(a.metric.stat)
	}
	if _, err := cloudwatch.NewMetricAlarm(ctx, s.name+"-"+a.name, args, s.parent); err != nil {
		return fmt.Errorf("api: alarm %s: %w", a.name, err)
	}
	return nil
}
