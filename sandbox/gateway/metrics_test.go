package gateway

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	logsgw "github.com/didomi/serverless-api/sandbox/gateway/logs"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

func TestAlarmsAreReadForTheirEvaluation(t *testing.T) {
	s := newTestEnv(t, nil)
	client := cloudwatch.NewFromConfig(s.config())
	for _, alarm := range []cloudwatch.PutMetricAlarmInput{
		{
			AlarmName: aws.String("latency"), Namespace: aws.String("N"), MetricName: aws.String("M"), ExtendedStatistic: aws.String("p99"), EvaluateLowSampleCountPercentile: aws.String("ignore"),
			Dimensions: []types.Dimension{{Name: aws.String("A"), Value: aws.String("1")}, {Name: aws.String("B"), Value: aws.String("2")}}, Unit: types.StandardUnitMilliseconds,
			Period: aws.Int32(60), EvaluationPeriods: aws.Int32(5), DatapointsToAlarm: aws.Int32(3), TreatMissingData: aws.String("breaching"),
			ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(0.5),
		},
		{
			AlarmName: aws.String("math"), EvaluationPeriods: aws.Int32(2), ComparisonOperator: types.ComparisonOperatorLessThanThreshold, Threshold: aws.Float64(1),
			Metrics: []types.MetricDataQuery{
				{Id: aws.String("rate"), Expression: aws.String("RATE(m1)"), Label: aws.String("rate")},
				{Id: aws.String("m1"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
					Metric: &types.Metric{Namespace: aws.String("N"), MetricName: aws.String("M"), Dimensions: []types.Dimension{{Name: aws.String("A"), Value: aws.String("1")}}},
					Period: aws.Int32(300), Stat: aws.String("p99"), Unit: types.StandardUnitCount,
				}},
			},
		},
	} {
		if _, err := client.PutMetricAlarm(t.Context(), &alarm); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.gateway.Alarms(t.Context())
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := metrics.Alarm{
		Name: "latency", Metric: metrics.Metric{Namespace: "N", Name: "M", Dimensions: map[string]string{"A": "1", "B": "2"}}, Unit: "Milliseconds", Statistic: "p99",
		Period: time.Minute, Periods: 5, Needed: 3, Comparison: "GreaterThanThreshold", Threshold: 0.5, Missing: "breaching", IgnoreLowSamples: true, State: metrics.Insufficient,
	}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	queries := []metrics.Query{
		{ID: "rate", Expression: "RATE(m1)", Label: "rate", Metric: metrics.Metric{Dimensions: map[string]string{}}},
		{ID: "m1", Metric: metrics.Metric{Namespace: "N", Name: "M", Dimensions: map[string]string{"A": "1"}}, Unit: "Count", Statistic: "p99", Period: 5 * time.Minute, Hidden: true},
	}
	if !reflect.DeepEqual(got[1].Queries, queries) || got[1].Period != 5*time.Minute || got[1].Needed != 2 {
		t.Errorf("got %+v, want %+v", got[1], queries)
	}
	if err := s.gateway.SetAlarmState(t.Context(), "latency", metrics.Outcome{State: metrics.InAlarm, Reason: "it is slow"}); err != nil {
		t.Fatal(err)
	}
	read, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"latency"}})
	if err != nil || read.MetricAlarms[0].StateValue != types.StateValueAlarm || *read.MetricAlarms[0].StateReason != "it is slow" {
		t.Errorf("%+v, %v", read, err)
	}
}

// The emulator evaluates alarms when data is put, without their dimensions and periods.
func TestTheEmulatorEvaluatesNoAlarm(t *testing.T) {
	s := newTestEnv(t, nil)
	client := cloudwatch.NewFromConfig(s.config())
	_, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("a"), Namespace: aws.String("N"), MetricName: aws.String("M"), Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3),
		Dimensions: []types.Dimension{{Name: aws.String("A"), Value: aws.String("1")}}, ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"), MetricData: []types.MetricDatum{{MetricName: aws.String("M"), Value: aws.Float64(1)}}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.gateway.Alarms(t.Context())
	if err != nil || got[0].State != metrics.Insufficient {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMetricFiltersAreReadAndReadAgainAfterAChange(t *testing.T) {
	s := newTestEnv(t, nil)
	client := cloudwatchlogs.NewFromConfig(s.config())
	if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")}); err != nil {
		t.Fatal(err)
	}
	put := func(name string, transformation logtypes.MetricTransformation) {
		t.Helper()
		transformation.MetricName, transformation.MetricNamespace = &name, aws.String("N")
		_, err := client.PutMetricFilter(t.Context(), &cloudwatchlogs.PutMetricFilterInput{
			LogGroupName: aws.String("g"), FilterName: &name, FilterPattern: aws.String("{ $.a = 1 }"), MetricTransformations: []logtypes.MetricTransformation{transformation},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func() []metrics.MetricFilter {
		t.Helper()
		got, err := s.gateway.MetricFilters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	put("a", logtypes.MetricTransformation{MetricValue: aws.String("1"), DefaultValue: aws.Float64(0), Unit: logtypes.StandardUnitCount})
	a := metrics.MetricFilter{Group: "g", Name: "a", Pattern: "{ $.a = 1 }", Metric: metrics.Metric{Namespace: "N", Name: "a"}, Unit: "Count", Value: "1", Default: "0"}
	if got := read(); !reflect.DeepEqual(got, []metrics.MetricFilter{a}) {
		t.Errorf("got %+v, want %+v", got, a)
	}
	put("b", logtypes.MetricTransformation{MetricValue: aws.String("$.b"), Dimensions: map[string]string{"Result": "$.c"}})
	b := metrics.MetricFilter{Group: "g", Name: "b", Pattern: "{ $.a = 1 }", Metric: metrics.Metric{Namespace: "N", Name: "b", Dimensions: map[string]string{"Result": "$.c"}}, Value: "$.b"}
	if got := read(); !reflect.DeepEqual(got, []metrics.MetricFilter{a, b}) {
		t.Errorf("got %+v, want %+v", got, b)
	}
}

func TestLogEventsOfCallersAreReported(t *testing.T) {
	var logged []logsgw.Event
	s := newTestEnv(t, nil, func(c *Config) {
		c.Logged = func(group string, events []logsgw.Event) {
			if group == "g" {
				logged = append(logged, events...)
			}
		}
	})
	client := cloudwatchlogs.NewFromConfig(s.config())
	if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")}); err != nil {
		t.Fatal(err)
	}
	put := cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: []logtypes.InputLogEvent{{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("one")}}}
	if _, err := client.PutLogEvents(t.Context(), &put); err == nil || len(logged) > 0 {
		t.Errorf("without a stream: %v, %v", err, logged)
	}
	if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutLogEvents(t.Context(), &put); err != nil || len(logged) != 1 || logged[0].Message != "one" {
		t.Errorf("%v, %v", err, logged)
	}
}

func TestMetricsOfCallersAreStoredForAlarms(t *testing.T) {
	var put []metrics.Datum
	s := newTestEnv(t, nil, func(c *Config) { c.Measured = func(data []metrics.Datum) { put = append(put, data...) } })
	client := cloudwatch.NewFromConfig(s.config())
	at := time.UnixMilli(1795487727500).UTC()
	_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("N"), MetricData: []types.MetricDatum{
		{
			MetricName: aws.String("values"), Values: []float64{1.5, -2}, Counts: []float64{3, 1}, Unit: types.StandardUnitCount, Timestamp: &at, StorageResolution: aws.Int32(1),
			Dimensions: []types.Dimension{{Name: aws.String("A"), Value: aws.String("1")}},
		},
		{MetricName: aws.String("value"), Value: aws.Float64(7), Timestamp: &at},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a := metrics.Metric{Namespace: "N", Name: "values", Dimensions: map[string]string{"A": "1"}}
	want := []metrics.Datum{
		{Metric: a, Unit: "Count", Time: at, Value: 1.5, Count: 3, Fine: true}, {Metric: a, Unit: "Count", Time: at, Value: -2, Count: 1, Fine: true},
		{Metric: metrics.Metric{Namespace: "N", Name: "value", Dimensions: map[string]string{}}, Time: at, Value: 7, Count: 1},
	}
	for i := range put {
		put[i].Time = put[i].Time.UTC()
	}
	if !reflect.DeepEqual(put, want) {
		t.Errorf("got %+v, want %+v", put, want)
	}
	for name, c := range map[string]struct {
		namespace string
		datum     types.MetricDatum
		want      string
	}{
		"a namespace of AWS":         {"AWS/Lambda", types.MetricDatum{Value: aws.Float64(1)}, "The value AWS/ for parameter Namespace is invalid"},
		"a set of statistics":        {"N", types.MetricDatum{StatisticValues: &types.StatisticSet{Maximum: aws.Float64(1), Minimum: aws.Float64(1), SampleCount: aws.Float64(1), Sum: aws.Float64(1)}}, "StatisticValues is not supported by the sandbox"},
		"no value":                   {"N", types.MetricDatum{}, "requires Value"},
		"a value without its number": {"N", types.MetricDatum{Values: []float64{1, 2}, Counts: []float64{1}}, "as many Counts"},
	} {
		t.Run(name, func(t *testing.T) {
			put = nil
			c.datum.MetricName = aws.String("M")
			_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: &c.namespace, MetricData: []types.MetricDatum{c.datum}})
			if err == nil || !strings.Contains(err.Error(), c.want) || put != nil {
				t.Errorf("%v, and %v is stored; want %q", err, put, c.want)
			}
		})
	}
	t.Run("a call in JSON, as the AWS CLI makes it", func(t *testing.T) {
		put = nil
		in := map[string]any{"Namespace": "N", "MetricData": []any{map[string]any{"MetricName": "M", "Value": 2}}}
		if err := s.client().Target(t.Context(), "monitoring", "GraniteServiceVersion20100801.PutMetricData", in, nil); err != nil || len(put) != 1 || put[0].Value != 2 {
			t.Errorf("%v, %v", put, err)
		}
	})
}
