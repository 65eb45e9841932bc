package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/lambda/contract"
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
	// below turns it around: a minute under the threshold is bad.
	below bool
	// silent says that a minute without data is bad: the metric is published every minute, or has to be.
	silent bool
	// hurts says that customers feel it, whatever the cause.
	hurts bool
	// meaning is what it says to whoever is woken, and first what to look at.
	meaning string
}

// watch is who is told of alarms, and which of them a rollout looks at.
type watch struct {
	topics topics
	// rollout are the names of the alarms that send a rollout back.
	rollout pulumi.StringArray
	// all are the ARNs of every alarm, the one on hurt customers first.
	all pulumi.StringArray
}

// newAlarms makes the topics and every alarm.
//
// What hurts customers pages nobody by itself: one fault raises several of these alarms within
// minutes, and each would call. They feed one composite alarm, which calls once when the first of
// them goes off and once when the last one is over. Everything else is a cause or an omen: it warns
// those who look by day, and tells those who were called where to look.
func newAlarms(ctx *pulumi.Context, s site, l logs, f serving, g gateway) (watch, error) {
	to, err := newTopics(ctx, s)
	if err != nil {
		return watch{}, err
	}
	if err := countLogLines(ctx, s, l); err != nil {
		return watch{}, err
	}
	m := metrics{s, l, f, g}
	w, hurting := watch{topics: to}, []any{}
	for _, a := range m.alarms() {
		var actions pulumi.Array
		if !a.hurts {
			actions = pulumi.Array{to.warnings.Arn}
		}
		made, err := newAlarm(ctx, s, a, actions)
		if err != nil {
			return watch{}, err
		}
		w.all = append(w.all, made.Arn)
		if a.hurts {
			hurting = append(hurting, made.Name)
		}
		if a.name == versionErrors {
			w.rollout = append(w.rollout, made.Name)
		}
	}
	silence, err := newSilenceAlarms(ctx, m, to.warnings.Arn)
	if err != nil {
		return watch{}, err
	}
	hurt, err := newHurtAlarm(ctx, s, hurting, to.pages.Arn)
	if err != nil {
		return watch{}, err
	}
	w.all = slices.Concat(pulumi.StringArray{hurt.Arn}, silence, w.all)
	w.rollout = append(w.rollout, hurt.AlarmName)
	return w, nil
}

// newHurtAlarm makes the composite alarm of those that hurt. It alone has an OK action: a metric
// alarm changes from INSUFFICIENT_DATA to OK after it is created, and would mail that to every recipient.
// When this alarm does so first, no recipient has confirmed its subscription to the topic.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func newHurtAlarm(ctx *pulumi.Context, s site, hurting []any, pages pulumi.StringOutput) (*cloudwatch.CompositeAlarm, error) {
	rule := pulumi.All(hurting...).ApplyT(func(names []any) string {
		parts := make([]string, len(names))
		for i, name := range names {
			parts[i] = fmt.Sprintf("ALARM(%q)", name)
		}
		return strings.Join(parts, " OR ")
	}).(pulumi.StringOutput)
	composite, err := cloudwatch.NewCompositeAlarm(ctx, s.name+"-hurt", &cloudwatch.CompositeAlarmArgs{
		// It is not named by Pulumi: a person reads the name at night, and nothing else has it.
		AlarmName:        pulumi.String(s.name + "-customers-are-hurt"),
		AlarmDescription: pulumi.String("Customers get errors, wait or are turned away. The dashboard " + s.name + " shows where on a request's way, left to right."),
		AlarmRule:        rule,
		ActionsEnabled:   pulumi.Bool(true),
		AlarmActions:     pulumi.StringArray{pages},
		OkActions:        pulumi.StringArray{pages},
	}, s.parent, replacedByName())
	if err != nil {
		return nil, fmt.Errorf("api: alarm on hurt customers: %w", err)
	}
	return composite, nil
}

// replacedByName has a composite alarm deleted before it is replaced. Its name is fixed, and the provider
// replaces it once an operator has disabled its actions: the old one's deletion would delete the new one.
func replacedByName() pulumi.ResourceOption { return pulumi.DeleteBeforeReplace(true) }

// versionErrors is the alarm on invocations of the newest version that end without an answer.
const versionErrors = "version-errors"

// alarms are all there are, in the order in which a request meets their causes. Every threshold says
// why it is what it is.
func (m metrics) alarms() []alarm {
	return slices.Concat([]alarm{{
		// One request in a hundred is what clients' retries hide. Three bad minutes of five let
		// a single failed request on a quiet night pass.
		name: "5xx", metric: m.stageMetric("5XXError", "Average"), threshold: 0.01, minutes: 3, of: 5, hurts: true,
		meaning: "More than 1 % of the requests are answered 5xx. Look at the access log's errorType, then at the function's errors.",
	}}, m.latencyAlarms(), m.functionAlarms(), m.configuredAlarms(), m.firewallAlarms(), m.cacheAlarms())
}

// latencyAlarms are one for each operation that the document gives a latency. It leaves out what streams: a
// long stream is no fault. Five slow minutes in a row are a fault however few the requests: in a quiet minute
// the slowest one stands for all.
func (m metrics) latencyAlarms() []alarm {
	var list []alarm
	for _, o := range m.args.Config.Document.Watched() {
		list = append(list, alarm{
			name: "latency-" + o.ID, metric: m.operation(o, "Latency", "p99"), threshold: float64(o.LatencyMS), minutes: 5, of: 5, hurts: true,
			meaning: fmt.Sprintf("The slowest 1 %% of %s take over %d ms. Look at the cache's hits, then at the proxy's borrow latency.", o.Route(), o.LatencyMS),
		})
	}
	return list
}

// functionAlarms are on the function, what it answers instead of what was asked for, and its database.
func (m metrics) functionAlarms() []alarm {
	return []alarm{
		{
			// A throttled invocation is a client turned away; none is normal, a burst may be.
			name: "throttles", metric: m.function("Throttles", "Sum"), threshold: 0, minutes: 2, of: 5, hurts: true,
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
			// Answers from the cache in the database's place. A handful come with every refresh of a
			// busy entry; sixty a minute for five minutes mean that refreshing fails.
			name: "stale", metric: m.cacheAnswers(contract.CacheStale), threshold: 60, minutes: 5, of: 5,
			meaning: "Old values are served. Look at the database's errors in the function's log, and at the proxy's borrow latency.",
		},
		{
			// Throttling a client that exceeds its plan is what plans are for, and retries hide it; a
			// request a second turned away for a quarter of an hour is a limit that is too low, or abuse.
			name: "turned-away", metric: m.refusals("THROTTLED"), threshold: 60, minutes: 15, of: 15,
			meaning: "Clients are throttled at the door. Look in the access log for apiKeyId and resource, then raise the plan's or the method's limit, or talk to the client.",
		},
		{
			// At nine tenths of the most it may have for a quarter of an hour, the writer has nothing left
			// to scale to. The cluster's own metric is the mean of writer and readers. A writer that
			// says nothing for as long is gone, unless it may pause.
			name: "cluster-capacity", metric: m.writer("ACUUtilization"), threshold: 90, minutes: 15, of: 15, silent: !m.args.Database.Pauses,
			meaning: "The database's writer is at the end of its capacity, or publishes no metrics. Raise maxCapacity, or find out what loads it.",
		},
	}
}

// firewallAlarms are on what the web ACL blocks, if there is one. Scanners are blocked all the time; a
// client is too when it sends what a rule takes for an attack, or more than an address may.
func (m metrics) firewallAlarms() []alarm {
	if !m.args.Config.WAF {
		return nil
	}
	return []alarm{
		{
			// Every blocked request, whichever rule it was. Ten a minute for most of a quarter of an hour are
			// more than a scanner that passes by.
			name: "waf-blocked", metric: m.refusals("WAF_FILTERED"), threshold: 10, minutes: 10, of: 15,
			meaning: "The firewall blocks requests. Look at the web ACL's sampled requests for the rule, then find out whether it is a client or an attack.",
		},
		{
			// The rule blocks an address only above the fastest plan's rate, so it is a flood, or a limit
			// that no longer fits. WAF publishes nothing where it blocks nothing.
			name: "waf-rate", metric: m.blockedRequests(rateRuleName), threshold: 0, minutes: 5, of: 5,
			meaning: "The firewall blocks an address for its rate. Look at the web ACL's sampled requests of the rule rate, then raise wafRateLimit, or let it block.",
		},
	}
}

// configuredAlarms are those on parts that a stack may lack.
func (m metrics) configuredAlarms() (list []alarm) {
	if m.args.Database.Proxied {
		list = append(list, alarm{
			// A free connection is there in well under a millisecond; a tenth of a second, in
			// microseconds, means that they are all taken and requests queue.
			name: "proxy-connections", metric: m.proxy("DatabaseConnectionsBorrowLatency", "Average"), threshold: 100_000, minutes: 3, of: 5,
			meaning: "Requests wait for a database connection. Look for long transactions and pinned sessions, then raise maxConnectionsPercent or maxCapacity.",
		})
	}
	if m.args.Database.Readers > 0 {
		list = append(list, alarm{
			// Aurora's readers share the storage and lag by some 20 ms; a second is what a client
			// notices as an old value. Readers that all say nothing are gone, and failover with them.
			name: "replica-lag", metric: m.readers("AuroraReplicaLag"), threshold: 1000, minutes: 5, of: 5, silent: !m.args.Database.Pauses,
			meaning: "A reader is over a second behind the writer, or no reader publishes metrics. Look at the writer's load and for long queries on the reader.",
		}, alarm{
			name: "reader-capacity", metric: m.readers("ACUUtilization"), threshold: 90, minutes: 15, of: 15,
			meaning: "A reader is at the end of its capacity. Raise maxCapacity, or find out what loads it.",
		})
	}
	if m.args.Config.Rollout == canary {
		list = append(list, alarm{
			// As function-errors, for the newest version alone: a rollout must not go back for what the old
			// one does. Without a canary no alias has weights, and nothing tells the versions apart.
			name: versionErrors, metric: m.newVersion("Errors", "Sum"), threshold: 0, minutes: 2, of: 5,
			meaning: "Invocations of the newest version crash or run out of time or memory. Go back to the version before, then look at the function's log.",
		})
	}
	if m.args.Config.ProvisionedConcurrency > 0 {
		list = append(list, alarm{
			// What does not find a warm execution waits half a second for a cold one. A burst may; for a
			// quarter of an hour it is the number that is too small, since scaling takes three minutes. All
			// versions count: in a canary the old one serves most of the requests.
			name: "cold", metric: m.function("ProvisionedConcurrencySpilloverInvocations", "Sum"), threshold: 0, minutes: 15, of: 15,
			meaning: "Requests meet cold executions all the time. Raise provisionedMax, or provisionedConcurrency.",
		})
	}
	if m.args.RotationDays > 0 {
		// Secrets Manager tries a step again by itself, and the old password holds until the last one; but a
		// rotation that fails is not seen by anybody until it is needed.
		list = append(list, alarm{
			name: "rotation", metric: m.rotations(m.rotate, "Errors", "Sum"), threshold: 0, minutes: 1, of: 1,
			meaning: "The database user's password could not be changed. Look at the rotating function's log, which names the step.",
		}, alarm{
			name: "cache-rotation", metric: m.rotations(m.cacheUser, "Errors", "Sum"), threshold: 0, minutes: 1, of: 1,
			meaning: "The password of the cache's user could not be set or changed. Look at the log of the function cache-user, which names the step.",
		})
	}
	return list
}

// cacheAlarms are two for every node: shards fill one by one, so that a mean would hide the full one.
func (m metrics) cacheAlarms() []alarm {
	var list []alarm
	for i, node := range m.cacheNodes("DatabaseMemoryUsagePercentage", "Maximum") {
		list = append(list, alarm{
			// Entries expire within minutes, so memory in use is the working set. At four fifths
			// there is time to grow before evictions begin. A node publishes it every minute while it is up.
			name: fmt.Sprintf("cache-memory-%d", i+1), metric: node, threshold: 80, minutes: 5, of: 5, silent: true,
			meaning: "A cache node is four fifths full, or publishes no metrics. Use larger nodes or more shards; look at ElastiCache's events for a node that is gone.",
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

// newAlarm makes one alarm that executes the actions when it enters ALARM. A minute without data is good
// or bad, never undecided: an alarm that keeps its state, or waits in INSUFFICIENT_DATA, cannot enter ALARM.
// For the same reason a percentile is evaluated however few the samples are: to "ignore" those of under
// 10/(1-p) samples (1,000 a minute for p99) would keep the state that the alarm has.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
func newAlarm(ctx *pulumi.Context, s site, a alarm, actions pulumi.Array) (*cloudwatch.MetricAlarm, error) {
	comparison, missing := "GreaterThanThreshold", "notBreaching"
	if a.below {
		comparison = "LessThanThreshold"
	}
	if a.silent {
		missing = "breaching"
	}
	args := &cloudwatch.MetricAlarmArgs{
		AlarmDescription:   pulumi.String(a.meaning),
		Namespace:          pulumi.String(a.metric.namespace),
		MetricName:         pulumi.String(a.metric.name),
		Dimensions:         a.metric.dimensions,
		Period:             pulumi.Int(60),
		ComparisonOperator: pulumi.String(comparison),
		Threshold:          pulumi.Float64(a.threshold),
		DatapointsToAlarm:  pulumi.Int(a.minutes),
		EvaluationPeriods:  pulumi.Int(a.of),
		TreatMissingData:   pulumi.String(missing),
		ActionsEnabled:     pulumi.Bool(true),
		AlarmActions:       actions,
	}
	if strings.HasPrefix(a.metric.stat, "p") {
		args.ExtendedStatistic = pulumi.String(a.metric.stat)
		args.EvaluateLowSampleCountPercentiles = pulumi.String("evaluate")
	} else {
		args.Statistic = pulumi.String(a.metric.stat)
	}
	made, err := cloudwatch.NewMetricAlarm(ctx, s.name+"-"+a.name, args, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: alarm %s: %w", a.name, err)
	}
	return made, nil
}
