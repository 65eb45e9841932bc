package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestAlarmsReadBackWhatWasSet(t *testing.T) {
	s := newStand(t, nil)
	client := cloudwatch.NewFromConfig(s.config())
	base := func(name string) cloudwatch.PutMetricAlarmInput {
		return cloudwatch.PutMetricAlarmInput{AlarmName: &name, ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1)}
	}
	plain, percentile, expression := base("plain"), base("percentile"), base("expression")
	plain.Namespace, plain.MetricName, plain.Period, plain.Statistic = aws.String("N"), aws.String("M"), aws.Int32(60), types.StatisticSum
	percentile.Namespace, percentile.MetricName, percentile.Period = aws.String("N"), aws.String("M"), aws.Int32(60)
	percentile.ExtendedStatistic, percentile.EvaluateLowSampleCountPercentile = aws.String("p99"), aws.String("ignore")
	expression.Metrics = []types.MetricDataQuery{{Id: aws.String("rate"), Expression: aws.String("1 + 1"), ReturnData: aws.Bool(true)}}
	for _, input := range []cloudwatch.PutMetricAlarmInput{plain, percentile, expression} {
		if _, err := client.PutMetricAlarm(t.Context(), &input); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) types.MetricAlarm {
		t.Helper()
		answer, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
		if err != nil || len(answer.MetricAlarms) != 1 {
			t.Fatalf("got %+v, %v", answer, err)
		}
		return answer.MetricAlarms[0]
	}
	t.Run("a plain statistic", func(t *testing.T) {
		if got := read("plain"); got.Statistic != types.StatisticSum || *got.Threshold != 1 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a percentile and no plain statistic", func(t *testing.T) {
		if got := read("percentile"); got.Statistic != "" || aws.ToString(got.ExtendedStatistic) != "p99" || aws.ToString(got.EvaluateLowSampleCountPercentile) != "ignore" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("an expression and no statistic at all", func(t *testing.T) {
		if got := read("expression"); got.Statistic != "" || len(got.Metrics) != 1 || aws.ToString(got.Metrics[0].Expression) != "1 + 1" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the statistic that a percentile is changed to", func(t *testing.T) {
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
