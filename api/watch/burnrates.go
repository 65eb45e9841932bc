package watch

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The objective is a percentage of requests without 5xx in 30 days. The error budget is the rest. A burn rate is how many
// times as fast as the budget allows requests fail.
// https://sre.google/workbook/alerting-on-slos/
const (
	// LeastObjective keeps every threshold below all requests: 14.4 times 5 % is 72 %.
	LeastObjective = 95
	// HighestObjective keeps a budget that a stack in one region can meet: 4 minutes of 30 days.
	HighestObjective = 99.99
	// leastFailures in the long window page: with few requests, a single failure is a high rate.
	leastFailures = 5
)

// burn is an alarm on a burn rate. It is in ALARM while the rate of both windows is exceeded: the long one is worth a
// page, the short one ends it soon after the failures.
type burn struct {
	name        string
	rate        float64
	long, short time.Duration
	// spends is the part of the budget that this rate spends in the long window.
	spends string
}

// burns are the two that the SRE workbook pages for. Its third, a rate of 1 in three days, opens a ticket; CloudWatch
// allows that range (seven days with periods of an hour), and the dashboard shows the budget.
// https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
var burns = []burn{
	{"availability-fast", 14.4, time.Hour, 5 * time.Minute, "2 % of the month's error budget in an hour"},
	{"availability-slow", 6, 6 * time.Hour, 30 * time.Minute, "5 % of the month's error budget in six hours"},
}

// budget is the part of requests that may fail.
func (s Settings) budget() float64 { return rounded((100 - s.Objective) / 100) }

// rounded drops what binary fractions add to decimal ones.
func rounded(x float64) float64 { return math.Round(x*1e8) / 1e8 }

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// window is a duration as in names of alarms: 5m, 1h.
func window(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%dh", int(d.Hours()))
}

// windows are the metric alarms of a burn rate. Each has one period, the window, which slides by the minute.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
func (a Args) windows(b burn) []alarmSpec {
	threshold := rounded(b.rate * a.Settings.budget())
	spec := func(of time.Duration) alarmSpec {
		return alarmSpec{
			name: b.name + "-" + window(of), metric: a.stageMetric("5XXError", "Average"), threshold: threshold, window: of, needed: 1, of: 1,
			description: fmt.Sprintf("Over %s %% of the requests of %s failed. It counts only together with the other window: see %s.", decimal(rounded(100*threshold)), window(of), b.name),
		}
	}
	long, short := spec(b.long), spec(b.short)
	long.leastSum = leastFailures
	return []alarmSpec{long, short}
}

// newBurnAlarms creates the alarms on burn rates. It returns the names of the composite ones, which are symptoms, and the
// ARNs of all.
func newBurnAlarms(ctx *pulumi.Context, a Args) (symptoms []any, arns pulumi.StringArray, err error) {
	for _, b := range burns {
		var names []any
		for _, spec := range a.windows(b) {
			alarm, err := newMetricAlarm(ctx, a, spec, nil)
			if err != nil {
				return nil, nil, err
			}
			names, arns = append(names, alarm.Name), append(arns, alarm.Arn)
		}
		composite, err := cloudwatch.NewCompositeAlarm(ctx, a.Name+"-"+b.name, &cloudwatch.CompositeAlarmArgs{
			AlarmName: pulumi.String(a.Name + "-" + b.name),
			AlarmDescription: pulumi.Sprintf("Requests fail %s times as fast as the objective of %s %% allows: that spends %s. Look at the access log's errorType, then at the function's errors.",
				decimal(b.rate), decimal(a.Settings.Objective), b.spends),
			AlarmRule:      pulumi.Sprintf("ALARM(%q) AND ALARM(%q)", names...),
			ActionsEnabled: pulumi.Bool(true),
		}, a.Parent, replacedByName())
		if err != nil {
			return nil, nil, fmt.Errorf("api: alarm %s: %w", b.name, err)
		}
		symptoms, arns = append(symptoms, composite.AlarmName), append(arns, composite.Arn)
	}
	return symptoms, arns, nil
}

// queries are those of an alarm on a mean in a window. A window without data is 0: CloudWatch would compare the newest one
// with data instead, whose failures are over. The mean counts only where the sum is at least spec.leastSum.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-functions-list
func (spec alarmSpec) queries() cloudwatch.MetricAlarmMetricQueryArray {
	query := func(id, stat string) *cloudwatch.MetricAlarmMetricQueryArgs {
		return &cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(id), ReturnData: pulumi.Bool(false),
			Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace: pulumi.String(spec.metric.namespace), MetricName: pulumi.String(spec.metric.name), Dimensions: spec.metric.dimensions,
				Period: pulumi.Int(int(spec.window.Seconds())), Stat: pulumi.String(stat),
			},
		}
	}
	counted := &cloudwatch.MetricAlarmMetricQueryArgs{Id: pulumi.String("counted"), ReturnData: pulumi.Bool(true)}
	rate := query("rate", spec.metric.stat)
	if spec.leastSum == 0 {
		counted.Expression, counted.Label = pulumi.String("FILL(rate, 0)"), pulumi.String("Rate")
		return cloudwatch.MetricAlarmMetricQueryArray{counted, rate}
	}
	counted.Expression = pulumi.Sprintf("IF(FILL(failed, 0) >= %d, rate, 0)", spec.leastSum)
	counted.Label = pulumi.Sprintf("Rate, if at least %d failed", spec.leastSum)
	return cloudwatch.MetricAlarmMetricQueryArray{counted, query("failed", "Sum"), rate}
}
