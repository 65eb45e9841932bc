package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestAlarmsHaveTheirSettings(t *testing.T) {
	s := newTestEnv(t, nil)
	client := cloudwatch.NewFromConfig(s.config())
	base := func(name string) cloudwatch.PutMetricAlarmInput {
		return cloudwatch.PutMetricAlarmInput{AlarmName: &name, ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1)}
	}
	plain, percentile, expression := base("plain"), base("percentile"), base("expression")
	plain.Namespace, plain.MetricName, plain.Period, plain.Statistic = aws.String("N"), aws.String("M"), aws.Int32(60), types.StatisticSum
	percentile.Namespace, percentile.MetricName, percentile.Period = aws.String("N"), aws.String("M"), aws.Int32(60)
	percentile.ExtendedStatistic, percentile.EvaluateLowSampleCountPercentile = aws.String("p99"), aws.String("ignore")
	expression.Metrics = []types.MetricDataQuery{{Id: aws.String("rate"), Expression: aws.String("TIME_SERIES(1 + 1)"), ReturnData: aws.Bool(true)}}
	for _, input := range []cloudwatch.PutMetricAlarmInput{plain, percentile, expression} {
		if _, err := client.PutMetricAlarm(t.Context(), &input); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) types.MetricAlarm {
		t.Helper()
		response, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
		if err != nil || len(response.MetricAlarms) != 1 {
			t.Fatalf("got %+v, %v", response, err)
		}
		return response.MetricAlarms[0]
	}
	t.Run("an alarm on a statistic", func(t *testing.T) {
		if got := read("plain"); got.Statistic != types.StatisticSum || *got.Threshold != 1 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("an alarm on a percentile has no statistic", func(t *testing.T) {
		if got := read("percentile"); got.Statistic != "" || aws.ToString(got.ExtendedStatistic) != "p99" || aws.ToString(got.EvaluateLowSampleCountPercentile) != "ignore" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("an alarm on an expression has neither a statistic nor a period", func(t *testing.T) {
		if got := read("expression"); got.Statistic != "" || got.Period != nil || len(got.Metrics) != 1 || aws.ToString(got.Metrics[0].Expression) != "TIME_SERIES(1 + 1)" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("an alarm that changes from a percentile to a statistic", func(t *testing.T) {
		changed := base("percentile")
		changed.Namespace, changed.MetricName, changed.Period, changed.Statistic = aws.String("N"), aws.String("M"), aws.Int32(60), types.StatisticMaximum
		if _, err := client.PutMetricAlarm(t.Context(), &changed); err != nil {
			t.Fatal(err)
		}
		if got := read("percentile"); got.Statistic != types.StatisticMaximum || got.EvaluateLowSampleCountPercentile != nil {
			t.Errorf("got %+v", got)
		}
	})
}

// checkViolation expects a ValidationError with the message, or no error if it is empty.
func checkViolation(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v, want no error", err)
	case want != "" && (errorCode(err) != "ValidationError" || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want a ValidationError with %q", err, want)
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func TestAnInvalidAlarmIsRejected(t *testing.T) {
	client := cloudwatch.NewFromConfig(newTestEnv(t, nil).config())
	query := func(i int) types.MetricDataQuery {
		return types.MetricDataQuery{Id: aws.String(string(rune('a' + i))), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String("N"), MetricName: aws.String("M")}, Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}
	}
	sum := types.MetricDataQuery{Id: aws.String("sum"), Expression: aws.String("SUM(METRICS())"), ReturnData: aws.Bool(true)}
	onQueries := func(in *cloudwatch.PutMetricAlarmInput, queries ...types.MetricDataQuery) {
		in.Namespace, in.MetricName, in.Period, in.Statistic, in.Metrics = nil, nil, nil, "", queries
	}
	for _, c := range []struct {
		name   string
		change func(*cloudwatch.PutMetricAlarmInput)
		want   string
	}{
		{"a valid alarm is accepted", func(*cloudwatch.PutMetricAlarmInput) {}, ""},
		{"six actions", func(in *cloudwatch.PutMetricAlarmInput) {
			in.OKActions = strings.Split("arn:a arn:b arn:c arn:d arn:e arn:f", " ")
		}, "OKActions has 6 actions"},
		{"two statistics", func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("p99") }, "not both"},
		{"no statistic", func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = "" }, "requires Statistic or ExtendedStatistic"},
		{"a percentile above 100", func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic, in.ExtendedStatistic = "", aws.String("p101") }, "ExtendedStatistic p101"},
		{"low sample evaluation without a percentile", func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluateLowSampleCountPercentile = aws.String("ignore") }, "for percentiles only"},
		{"low sample evaluation of a percentile is accepted", func(in *cloudwatch.PutMetricAlarmInput) {
			in.Statistic, in.ExtendedStatistic, in.EvaluateLowSampleCountPercentile = "", aws.String("p99.9"), aws.String("evaluate")
		}, ""},
		{"a period of 45 seconds", func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(45) }, "Period is 45"},
		{"a day in minutes is accepted", func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(1440) }, ""},
		{"more than a day in minutes", func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(1441) }, "more than a day"},
		{"a week in days is accepted", func(in *cloudwatch.PutMetricAlarmInput) {
			in.Period, in.EvaluationPeriods = aws.Int32(86400), aws.Int32(7)
		}, ""},
		{"more than a week in days", func(in *cloudwatch.PutMetricAlarmInput) {
			in.Period, in.EvaluationPeriods = aws.Int32(86400), aws.Int32(8)
		}, "more than seven days"},
		{"more datapoints to alarm than periods", func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) }, "DatapointsToAlarm 2"},
		{"an unknown treatment of missing data", func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("ok") }, "TreatMissingData ok"},
		{"an expression on ten metrics is accepted", func(in *cloudwatch.PutMetricAlarmInput) {
			onQueries(in, sum, query(0), query(1), query(2), query(3), query(4), query(5), query(6), query(7), query(8), query(9))
		}, ""},
		{"an expression on eleven metrics", func(in *cloudwatch.PutMetricAlarmInput) {
			onQueries(in, sum, query(0), query(1), query(2), query(3), query(4), query(5), query(6), query(7), query(8), query(9), query(10))
		}, "11 metrics, more than 10"},
		{"an expression with an unknown function", func(in *cloudwatch.PutMetricAlarmInput) {
			wrong := sum
			wrong.Expression = aws.String("TOTAL(METRICS())")
			onQueries(in, wrong, query(0))
		}, "Error in expression 'sum': Function 'TOTAL' not found"},
		{"an expression that is several time series", func(in *cloudwatch.PutMetricAlarmInput) {
			wrong := sum
			wrong.Expression = aws.String("METRICS()")
			onQueries(in, wrong, query(0), query(1))
		}, "return 2 time series"},
		{"an expression that looks back more than a day in minutes", func(in *cloudwatch.PutMetricAlarmInput) {
			onQueries(in, sum, query(0))
			in.EvaluationPeriods = aws.Int32(1441)
		}, "more than a day"},
		{"queries of which none returns data", func(in *cloudwatch.PutMetricAlarmInput) { onQueries(in, query(0)) }, "0 of Metrics return data"},
		{"queries and a metric", func(in *cloudwatch.PutMetricAlarmInput) { in.Metrics = []types.MetricDataQuery{sum, query(0)} }, "exclude each other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String("valid"), Namespace: aws.String("N"), MetricName: aws.String("M"), Statistic: types.StatisticSum,
				Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
				ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("breaching"),
			}
			c.change(in)
			_, err := client.PutMetricAlarm(t.Context(), in)
			checkViolation(t, err, c.want)
		})
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
func TestACompositeAlarmHasItsSuppressorAndFollowsAWSsRules(t *testing.T) {
	client := cloudwatch.NewFromConfig(newTestEnv(t, nil).config())
	_, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("child"), Namespace: aws.String("N"), MetricName: aws.String("M"), Statistic: types.StatisticSum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*cloudwatch.PutCompositeAlarmInput)
		want   string
	}{
		{"an alarm with a suppressor is accepted", func(*cloudwatch.PutCompositeAlarmInput) {}, ""},
		{"a suppressor without its periods", func(in *cloudwatch.PutCompositeAlarmInput) { in.ActionsSuppressorWaitPeriod = nil }, "set together"},
		{"a rule on an alarm that does not exist", func(in *cloudwatch.PutCompositeAlarmInput) { in.AlarmRule = aws.String("ALARM(other)") }, "do not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &cloudwatch.PutCompositeAlarmInput{
				AlarmName: aws.String("composite"), AlarmRule: aws.String("ALARM(child)"), ActionsSuppressor: aws.String("child"),
				ActionsSuppressorWaitPeriod: aws.Int32(60), ActionsSuppressorExtensionPeriod: aws.Int32(600),
			}
			c.change(in)
			_, err := client.PutCompositeAlarm(t.Context(), in)
			checkViolation(t, err, c.want)
		})
	}
	t.Run("the response has the suppressor", func(t *testing.T) {
		response, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{
			AlarmNames: []string{"composite"}, AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm},
		})
		if err != nil || len(response.CompositeAlarms) != 1 {
			t.Fatalf("got %+v, %v", response, err)
		}
		got := response.CompositeAlarms[0]
		if aws.ToString(got.ActionsSuppressor) != "child" || aws.ToInt32(got.ActionsSuppressorWaitPeriod) != 60 || aws.ToInt32(got.ActionsSuppressorExtensionPeriod) != 600 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestDashboardsAreListedWithTheTimeOfTheirChange(t *testing.T) {
	s := newTestEnv(t, nil)
	client := cloudwatch.NewFromConfig(s.config())
	before := time.Now().Add(-time.Second).Truncate(time.Second)
	if _, err := client.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{DashboardName: aws.String("board"), DashboardBody: aws.String(`{"widgets":[]}`)}); err != nil {
		t.Fatal(err)
	}
	got, err := client.ListDashboards(t.Context(), &cloudwatch.ListDashboardsInput{DashboardNamePrefix: aws.String("boa")})
	if err != nil || len(got.DashboardEntries) != 1 {
		t.Fatalf("got %+v, %v; want one dashboard", got, err)
	}
	if e := got.DashboardEntries[0]; *e.DashboardName != "board" || e.LastModified.Before(before) || e.LastModified.After(time.Now()) {
		t.Errorf("got %+v", e)
	}
}
