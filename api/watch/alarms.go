package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarmSpec describes one alarm: the metric is above the threshold in some of the last periods.
type alarmSpec struct {
	name      string
	metric    metric
	threshold float64
	needed    int // CloudWatch's DatapointsToAlarm
	of        int // CloudWatch's EvaluationPeriods
	// period is CloudWatch's Period; 0: a minute.
	period time.Duration
	// window is the one period whose mean is compared, 0 if it has no data, in place of needed and of; 0: none.
	window time.Duration
	// leastSum is the sum of the metric in the window below which its mean counts as 0; 0: it counts always.
	leastSum int
	// below reverses the comparison: a period under the threshold breaches.
	below bool
	// silent is whether a period without data breaches.
	silent bool
	// symptom is whether customers notice it, whatever the cause.
	symptom bool
	// description says what happens and where to look first.
	description string
}

// alarmSet is the alarms and the topics that they notify.
type alarmSet struct {
	topics topics
	// rollback are the names of the alarms that roll a rollout back.
	rollback pulumi.StringArray
	// arns are those of every alarm, the composite one of customer impact first.
	arns pulumi.StringArray
}

// newAlarms creates the topics and every alarm.
//
// Symptom alarms have no actions: one fault triggers several within minutes, and each would page. They feed one
// composite alarm, which pages when the first enters ALARM and when the last returns to OK. Every other alarm,
// unless it is a part of logs-are-silent, is a cause or an early warning: it notifies the topic of warnings, and shows
// whoever was paged where to look.
func newAlarms(ctx *pulumi.Context, a Args) (alarmSet, error) {
	topics, err := newTopics(ctx, a)
	if err != nil {
		return alarmSet{}, err
	}
	if err := countLogLines(ctx, a); err != nil {
		return alarmSet{}, err
	}
	symptoms, burning, err := newBurnAlarms(ctx, a)
	if err != nil {
		return alarmSet{}, err
	}
	alarms := alarmSet{topics: topics, arns: burning}
	for _, spec := range a.alarmSpecs() {
		var actions pulumi.Array
		if !spec.symptom {
			actions = pulumi.Array{topics.warnings.Arn}
		}
		alarm, err := newMetricAlarm(ctx, a, spec, actions)
		if err != nil {
			return alarmSet{}, err
		}
		alarms.arns = append(alarms.arns, alarm.Arn)
		if spec.symptom {
			symptoms = append(symptoms, alarm.Name)
		}
		if spec.name == versionErrors {
			alarms.rollback = append(alarms.rollback, alarm.Name)
		}
	}
	silence, err := newSilenceAlarms(ctx, a, topics.warnings.Arn)
	if err != nil {
		return alarmSet{}, err
	}
	impact, err := newImpactAlarm(ctx, a, symptoms, topics.pages.Arn)
	if err != nil {
		return alarmSet{}, err
	}
	alarms.arns = slices.Concat(pulumi.StringArray{impact.Arn}, silence, alarms.arns)
	alarms.rollback = append(alarms.rollback, impact.AlarmName)
	return alarms, nil
}

// newImpactAlarm creates the composite alarm of the symptoms. It alone has an OK action: a metric alarm changes from
// INSUFFICIENT_DATA to OK after it is created, and would notify every recipient of that. When this alarm does so
// first, no recipient has confirmed its subscription to the topic.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func newImpactAlarm(ctx *pulumi.Context, a Args, symptoms []any, pages pulumi.StringOutput) (*cloudwatch.CompositeAlarm, error) {
	rule := pulumi.All(symptoms...).ApplyT(func(names []any) string {
		terms := make([]string, len(names))
		for i, name := range names {
			terms[i] = fmt.Sprintf("ALARM(%q)", name)
		}
		return strings.Join(terms, " OR ")
	}).(pulumi.StringOutput)
	composite, err := cloudwatch.NewCompositeAlarm(ctx, a.Name+"-hurt", &cloudwatch.CompositeAlarmArgs{
		// Pulumi does not name it, so that the page has the name without a random suffix.
		AlarmName:        pulumi.String(a.Name + "-customer-impact"),
		AlarmDescription: pulumi.String("Customers see errors, high latency or throttling. The dashboard " + a.Name + " shows the request path from left to right."),
		AlarmRule:        rule,
		ActionsEnabled:   pulumi.Bool(true),
		AlarmActions:     pulumi.StringArray{pages},
		OkActions:        pulumi.StringArray{pages},
	}, a.Parent, replacedByName())
	if err != nil {
		return nil, fmt.Errorf("api: composite alarm of customer impact: %w", err)
	}
	return composite, nil
}

// replacedByName deletes a composite alarm before its replacement is created. Its name is fixed, and the provider
// replaces it once an operator has disabled its actions: deleting the old one would delete the new one.
func replacedByName() pulumi.ResourceOption { return pulumi.DeleteBeforeReplace(true) }

// versionErrors is the alarm on invocations of the newest version that end without a response.
const versionErrors = "version-errors"

// alarmSpecs are all metric alarms but those on silence and on burn rates, in the order of the request path. Each has the reason for its
// threshold.
func (a Args) alarmSpecs() []alarmSpec {
	return slices.Concat(a.latencyAlarms(), a.functionAlarms(), a.configuredAlarms(), a.firewallAlarms(), a.cacheAlarms(), a.copyAlarms())
}

// latencyAlarms are one for each operation with x-watch. Operations that stream have none, as a long stream is no fault.
// Five slow minutes in a row are a fault however few the requests are: p99 of a few requests is the slowest one.
func (a Args) latencyAlarms() []alarmSpec {
	var list []alarmSpec
	for _, o := range a.Operations {
		list = append(list, alarmSpec{
			name: "latency-" + o.ID, metric: a.operation(o, "Latency", "p99"), threshold: float64(o.LatencyMS), needed: 5, of: 5, symptom: true,
			description: fmt.Sprintf("The slowest 1 %% of %s take over %d ms. Look at the cache's hits, then at the proxy's borrow latency.", o.Route(), o.LatencyMS),
		})
	}
	return list
}

// functionAlarms are on the function, its logs, the throttling before it and the database's writer.
func (a Args) functionAlarms() []alarmSpec {
	return []alarmSpec{
		{
			// A throttled invocation is a failed request; usually there is none, but a burst may cause some.
			name: "throttles", metric: a.function("Throttles", "Sum"), threshold: 0, needed: 2, of: 5, symptom: true,
			description: "Lambda throttles invocations. Raise reservedConcurrency or the account's limit, or lower throttleRate.",
		},
		{
			// The function responds to every error it expects; Lambda counts crashes, time-outs
			// and too little memory.
			name: "function-errors", metric: a.function("Errors", "Sum"), threshold: 0, needed: 2, of: 5,
			description: "Invocations crash or run out of time or memory. Look at the function's log.",
		},
		{
			// Errors that the function logs although it responds; a failover logs some for a minute or two.
			name: "error-lines", metric: a.errorLines(), threshold: 5, needed: 3, of: 5,
			description: "The function responds and logs errors. Look at its log: a dependency that it works around fails.",
		},
		{
			// Responses with a stale cache entry. Every refresh of a busy entry causes a few; sixty a
			// minute for five minutes mean that refreshes fail.
			name: "stale", metric: a.cacheAnswers(contract.CacheStale), threshold: 60, needed: 5, of: 5,
			description: "Stale values are served. Look at the database's errors in the function's log, and at the proxy's borrow latency.",
		},
		{
			// Usage plans throttle clients that exceed them, and retries hide it; one throttled request a
			// second for 15 minutes is a limit that is too low, or abuse.
			name: "throttled-requests", metric: a.refusals("THROTTLED"), threshold: 60, needed: 15, of: 15,
			description: "API Gateway throttles clients. Look in the access log for apiKeyId and resource, then raise the plan's or the method's limit, or talk to the client.",
		},
		{
			// At 90 % of its maximum capacity for 15 minutes, the writer cannot scale further. The
			// cluster's own metric is the mean of writer and readers. A writer that publishes nothing
			// for as long is unavailable, unless it may pause.
			name: "cluster-capacity", metric: a.writer("ACUUtilization"), threshold: 90, needed: 15, of: 15, silent: !a.Database.Pauses,
			description: "The database's writer is at its maximum capacity, or publishes no metrics. Raise maxCapacity, or find the cause of the load.",
		},
	}
}

// firewallAlarms are on what the web ACL blocks, if there is one. It blocks scanners all the time, and clients whose
// requests match a rule or exceed the limit of an address.
func (a Args) firewallAlarms() []alarmSpec {
	if a.Firewall == nil {
		return nil
	}
	return []alarmSpec{
		{
			// Blocked requests of every rule. Ten a minute for 10 of 15 minutes are more than a
			// scanner that tries its list once.
			name: "waf-blocked", metric: a.refusals("WAF_FILTERED"), threshold: 10, needed: 10, of: 15,
			description: "The web ACL blocks requests. Look at its log for the rule, then find out whether it is a client or an attack.",
		},
		{
			// The rule blocks an address only above the fastest plan's rate, so it is a flood, or a limit
			// that no longer fits. WAF publishes nothing where it blocks nothing.
			name: "waf-rate", metric: a.rateBlocks(), threshold: 0, needed: 5, of: 5,
			description: "The web ACL blocks an address for its rate. Look at its log for the rule rate, then raise wafRateLimit, or let it block.",
		},
	}
}

// configuredAlarms are those on resources that a stack may lack, and those that functions declare.
func (a Args) configuredAlarms() (list []alarmSpec) {
	if a.Database.Proxied {
		list = append(list, alarmSpec{
			// A free connection is borrowed in well under a millisecond; 100 ms, in microseconds, mean
			// that all are in use and requests queue.
			name: "proxy-connections", metric: a.proxy("DatabaseConnectionsBorrowLatency", "Average"), threshold: 100_000, needed: 3, of: 5,
			description: "Requests wait for a database connection. Look for long transactions and pinned sessions, then raise maxConnectionsPercent or maxCapacity.",
		})
	}
	if a.Database.Readers > 0 {
		list = append(list, alarmSpec{
			// Aurora's readers share the storage and lag by some 20 ms. Only operators' queries read from them: a lag of a
			// second shows that a reader cannot keep up. If no reader publishes anything, none is left for a failover.
			name: "replica-lag", metric: a.readers("AuroraReplicaLag"), threshold: 1000, needed: 5, of: 5, silent: !a.Database.Pauses,
			description: "A reader is over a second behind the writer, or no reader publishes metrics. Look at the writer's load and for long queries on the reader.",
		}, alarmSpec{
			name: "reader-capacity", metric: a.readers("ACUUtilization"), threshold: 90, needed: 15, of: 15,
			description: "A reader is at its maximum capacity. Raise maxCapacity, or find the cause of the load.",
		})
	}
	if a.Function.Canary {
		list = append(list, alarmSpec{
			// As function-errors, for the newest version alone: errors of the old version must not roll a
			// rollout back. Without a canary no alias has weights, and the metric has no versions.
			name: versionErrors, metric: a.newVersion("Errors", "Sum"), threshold: 0, needed: 2, of: 5,
			description: "Invocations of the newest version crash or run out of time or memory. Roll back to the previous version, then look at the function's log.",
		})
	}
	if a.Function.Provisioned {
		list = append(list, alarmSpec{
			// An invocation without a provisioned execution environment waits half a second for a cold start. A burst may
			// cause some; for 15 minutes the number is too small, since scaling takes three minutes. All versions
			// count: in a canary the old one serves most of the requests.
			name: "provisioned-spillover", metric: a.function("ProvisionedConcurrencySpilloverInvocations", "Sum"), threshold: 0, needed: 15, of: 15,
			description: "Requests exceed the provisioned concurrency for 15 minutes. Raise provisionedMax, or provisionedConcurrency.",
		})
	}
	if a.Authorizer {
		list = append(list, alarmSpec{
			// Of the metric Errors of the function no alarm is possible: each token that is not accepted is an
			// error to Lambda, as API Gateway requires. One failure is a request that got a 500; a cold start
			// that does not reach the issuer causes some.
			name: "authorizer", metric: a.refusals(authorizerFailure), threshold: 0, needed: 2, of: 5,
			description: "Tokens cannot be checked, and clients get 500. Look at the log of the function authorizer: usually the issuer's keys cannot be fetched.",
		})
	}
	for _, declared := range a.Alarms {
		list = append(list, alarmSpec{
			name: declared.Name, metric: metric{declared.Namespace, declared.Metric, declared.Stat, declared.Dimensions},
			threshold: declared.Threshold, needed: declared.Minutes, of: declared.Of, description: declared.Description,
		})
	}
	return list
}

// cacheAlarms are two for each node: shards fill one by one, so a mean would hide a full one.
func (a Args) cacheAlarms() []alarmSpec {
	var list []alarmSpec
	for i, node := range a.cacheNodes("DatabaseMemoryUsagePercentage", "Maximum") {
		list = append(list, alarmSpec{
			// Entries expire within minutes, so memory in use is the working set. At 80 % there is
			// time to grow before evictions begin. A node publishes it every minute while it is available.
			name: fmt.Sprintf("cache-memory-%d", i+1), metric: node, threshold: 80, needed: 5, of: 5, silent: true,
			description: "A cache node is 80 % full, or publishes no metrics. Use larger nodes or more shards; look at ElastiCache's events for a node that is unavailable.",
		})
	}
	for i, node := range a.cacheNodes("Evictions", "Sum") {
		list = append(list, alarmSpec{
			// Nothing should be evicted; a burst of new keys may evict a few.
			name: fmt.Sprintf("cache-evictions-%d", i+1), metric: node, threshold: 100, needed: 3, of: 5,
			description: "A cache node evicts entries before they expire, and the database is queried instead. Use larger nodes or more shards.",
		})
	}
	return list
}

// newMetricAlarm creates an alarm that executes the actions when it enters ALARM. A minute without data either breaches
// or not: an alarm that keeps its state, or waits in INSUFFICIENT_DATA, cannot enter ALARM.
// For the same reason a percentile is evaluated however few the samples are: to "ignore" those of under
// 10/(1-p) samples (1,000 a minute for p99) would keep the state that the alarm has.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
func newMetricAlarm(ctx *pulumi.Context, a Args, spec alarmSpec, actions pulumi.Array) (*cloudwatch.MetricAlarm, error) {
	comparison, missing := "GreaterThanThreshold", "notBreaching"
	if spec.below {
		comparison = "LessThanThreshold"
	}
	if spec.silent {
		missing = "breaching"
	}
	args := &cloudwatch.MetricAlarmArgs{
		AlarmDescription:   pulumi.String(spec.description),
		ComparisonOperator: pulumi.String(comparison),
		Threshold:          pulumi.Float64(spec.threshold),
		DatapointsToAlarm:  pulumi.Int(spec.needed),
		EvaluationPeriods:  pulumi.Int(spec.of),
		TreatMissingData:   pulumi.String(missing),
		ActionsEnabled:     pulumi.Bool(true),
		AlarmActions:       actions,
	}
	spec.watch(args)
	created, err := cloudwatch.NewMetricAlarm(ctx, a.Name+"-"+spec.name, args, a.Parent)
	if err != nil {
		return nil, fmt.Errorf("api: alarm %s: %w", spec.name, err)
	}
	return created, nil
}

// watch sets what the alarm compares with its threshold.
func (spec alarmSpec) watch(args *cloudwatch.MetricAlarmArgs) {
	if spec.window > 0 {
		args.MetricQueries = spec.queries()
		return
	}
	args.Namespace, args.MetricName = pulumi.String(spec.metric.namespace), pulumi.String(spec.metric.name)
	args.Dimensions, args.Period = spec.metric.dimensions, pulumi.Int(int(cmp.Or(spec.period, time.Minute).Seconds()))
	if strings.HasPrefix(spec.metric.stat, "p") {
		args.ExtendedStatistic = pulumi.String(spec.metric.stat)
		args.EvaluateLowSampleCountPercentiles = pulumi.String("evaluate")
	} else {
		args.Statistic = pulumi.String(spec.metric.stat)
	}
}
