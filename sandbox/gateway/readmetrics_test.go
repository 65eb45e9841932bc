package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/didomi/serverless-api/sandbox/metrics"
)

// newest is the end of the newest minute with data.
var newest = time.Now().Truncate(time.Hour)

// stored returns a store with four minutes of errors and requests of a function.
func stored() *metrics.Store {
	s := metrics.NewStore()
	of := map[string]string{"FunctionName": "f"}
	for i, n := range []float64{1, 2, 3, 4} {
		at := newest.Add(time.Duration(i-4) * time.Minute)
		s.Put(
			metrics.Datum{Metric: metrics.Metric{Namespace: "AWS/Lambda", Name: "Errors", Dimensions: of}, Unit: "Count", Time: at, Value: n},
			metrics.Datum{Metric: metrics.Metric{Namespace: "AWS/Lambda", Name: "Invocations", Dimensions: of}, Unit: "Count", Time: at, Value: 10, Count: 2},
		)
	}
	return s
}

// query returns a query of a metric of the function.
func query(id, name, statistic string, period int32) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String("AWS/Lambda"), MetricName: &name, Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("f")}}},
		Period: &period, Stat: &statistic,
	}}
}

// lines has a line for each result, with its values by their minute before the newest.
func lines(results []types.MetricDataResult) string {
	var all []string
	for _, r := range results {
		line := *r.Id + " " + *r.Label + " " + string(r.StatusCode) + ":"
		for i, value := range r.Values {
			line += fmt.Sprintf(" %v@%v", value, newest.Sub(r.Timestamps[i]).Minutes())
		}
		all = append(all, line)
	}
	return strings.Join(all, "; ")
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func TestMetricDataIsReadFromTheStore(t *testing.T) {
	s := newTestEnv(t, nil, func(c *Config) { c.Metrics = stored() })
	client := cloudwatch.NewFromConfig(s.config())
	hidden := func(q types.MetricDataQuery) types.MetricDataQuery { q.ReturnData = aws.Bool(false); return q }
	changed := func(change func(m *types.MetricStat)) []types.MetricDataQuery {
		q := query("e", "Errors", "Sum", 60)
		change(q.MetricStat)
		return []types.MetricDataQuery{q}
	}
	rate := types.MetricDataQuery{Id: aws.String("rate"), Expression: aws.String("100 * errors / requests"), Label: aws.String("%")}
	for name, c := range map[string]struct {
		queries []types.MetricDataQuery
		scanBy  types.ScanBy
		want    string
	}{
		"the newest first":       {[]types.MetricDataQuery{query("e", "Errors", "Sum", 60)}, "", "e Errors Complete: 4@1 3@2 2@3 1@4"},
		"the oldest first":       {[]types.MetricDataQuery{query("e", "Errors", "Sum", 60)}, types.ScanByTimestampAscending, "e Errors Complete: 1@4 2@3 3@2 4@1"},
		"of two minutes":         {[]types.MetricDataQuery{query("e", "Errors", "Sum", 120)}, "", "e Errors Complete: 7@2 3@4"},
		"a percentile":           {[]types.MetricDataQuery{query("e", "Errors", "p50", 240)}, "", "e Errors Complete: 2@4"},
		"the number of samples":  {[]types.MetricDataQuery{query("e", "Invocations", "SampleCount", 240)}, "", "e Invocations Complete: 8@4"},
		"of the unit":            {changed(func(m *types.MetricStat) { m.Unit = types.StandardUnitCount }), "", "e Errors Complete: 4@1 3@2 2@3 1@4"},
		"of another unit":        {changed(func(m *types.MetricStat) { m.Unit = types.StandardUnitBytes }), "", "e Errors Complete:"},
		"of other dimensions":    {changed(func(m *types.MetricStat) { m.Metric.Dimensions[0].Value = aws.String("g") }), "", "e Errors Complete:"},
		"of no dimensions":       {changed(func(m *types.MetricStat) { m.Metric.Dimensions = nil }), "", "e Errors Complete:"},
		"an expression":          {[]types.MetricDataQuery{rate, hidden(query("errors", "Errors", "Sum", 60)), hidden(query("requests", "Invocations", "Sum", 60))}, "", "rate % Complete: 20@1 15@2 10@3 5@4"},
		"an expression and more": {[]types.MetricDataQuery{query("requests", "Invocations", "Maximum", 240), {Id: aws.String("all"), Expression: aws.String("SUM(METRICS())")}}, "", "requests Invocations Complete: 10@4; all all Complete: 10@4"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
				MetricDataQueries: c.queries, ScanBy: c.scanBy, StartTime: aws.Time(newest.Add(-4 * time.Minute)), EndTime: &newest,
			})
			if err != nil {
				t.Fatal(err)
			}
			if lines(got.MetricDataResults) != c.want {
				t.Errorf("%s, want %s", lines(got.MetricDataResults), c.want)
			}
		})
	}
}

func TestMetricDataHasPages(t *testing.T) {
	s := newTestEnv(t, nil, func(c *Config) { c.Metrics = stored() })
	client := cloudwatch.NewFromConfig(s.config())
	in := cloudwatch.GetMetricDataInput{
		MetricDataQueries: []types.MetricDataQuery{query("e", "Errors", "Sum", 60), query("none", "None", "Sum", 60), query("i", "Invocations", "Sum", 120)},
		StartTime:         aws.Time(newest.Add(-4 * time.Minute)), EndTime: &newest, MaxDatapoints: aws.Int32(3),
	}
	var pages []string
	for paginator := cloudwatch.NewGetMetricDataPaginator(client, &in); paginator.HasMorePages(); {
		page, err := paginator.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, lines(page.MetricDataResults))
	}
	want := []string{"e Errors PartialData: 4@1 3@2 2@3", "e Errors Complete: 1@4; none None Complete:; i Invocations Complete: 40@2 40@4"}
	if strings.Join(pages, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", pages, want)
	}
	in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{Id: aws.String("x"), Expression: aws.String("e * 2")})
	if got, err := client.GetMetricData(t.Context(), &in); err != nil || got.NextToken != nil {
		t.Errorf("with an expression: %+v, %v", got, err)
	}
}

func TestMetricDataThatCannotBeReadIsNamed(t *testing.T) {
	client := cloudwatch.NewFromConfig(newTestEnv(t, nil).config())
	for name, c := range map[string]struct {
		change func(*cloudwatch.GetMetricDataInput)
		want   string
	}{
		"an unknown function": {func(in *cloudwatch.GetMetricDataInput) {
			in.MetricDataQueries[0] = types.MetricDataQuery{Id: aws.String("e1"), Expression: aws.String("SEARCH('{A} B', 'Sum', 60)")}
		}, "ValidationError: Error in expression 'e1': Function 'SEARCH' not found"},
		"an unknown statistic": {func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Stat = aws.String("tm90") }, `the statistic "tm90"`},
		"an end at the start":  {func(in *cloudwatch.GetMetricDataInput) { in.StartTime = in.EndTime }, "StartTime must be less than"},
		"too many data points": {func(in *cloudwatch.GetMetricDataInput) { in.MaxDatapoints = aws.Int32(100_801) }, "MaxDatapoints is 100801"},
		"another order":        {func(in *cloudwatch.GetMetricDataInput) { in.ScanBy = "Newest" }, "ScanBy is Newest"},
		"a token of its own":   {func(in *cloudwatch.GetMetricDataInput) { in.NextToken = aws.String("next") }, "InvalidNextToken"},
		"no query":             {func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries = []types.MetricDataQuery{} }, "are required"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &cloudwatch.GetMetricDataInput{
				MetricDataQueries: []types.MetricDataQuery{query("e", "Errors", "Sum", 60)}, StartTime: aws.Time(newest.Add(-time.Hour)), EndTime: &newest,
			}
			c.change(in)
			if _, err := client.GetMetricData(t.Context(), in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// fourMinutes asks for the basic statistics of the function's errors in all four minutes.
func fourMinutes() *cloudwatch.GetMetricStatisticsInput {
	return &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("f")}},
		Period: aws.Int32(240), StartTime: aws.Time(newest.Add(-4 * time.Minute)), EndTime: &newest,
		Statistics: []types.Statistic{types.StatisticSum, types.StatisticAverage, types.StatisticMinimum, types.StatisticMaximum, types.StatisticSampleCount},
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func TestStatisticsAreReadFromTheStore(t *testing.T) {
	store := stored()
	mixed := metrics.Metric{Namespace: "N", Name: "Mixed"}
	store.Put(
		metrics.Datum{Metric: mixed, Unit: "Bytes", Time: newest.Add(-time.Minute), Value: 1},
		metrics.Datum{Metric: mixed, Unit: "Count", Time: newest.Add(-time.Minute), Value: 2},
	)
	client := cloudwatch.NewFromConfig(newTestEnv(t, nil, func(c *Config) { c.Metrics = store }).config())
	got, err := client.GetMetricStatistics(t.Context(), fourMinutes())
	if err != nil || len(got.Datapoints) != 1 || *got.Label != "Errors" {
		t.Fatalf("%+v, %v", got, err)
	}
	d := got.Datapoints[0]
	if *d.Sum != 10 || *d.Average != 2.5 || *d.Minimum != 1 || *d.Maximum != 4 || *d.SampleCount != 4 || d.Unit != types.StandardUnitCount || !d.Timestamp.Equal(newest.Add(-4*time.Minute)) {
		t.Errorf("%+v", d)
	}
	in := fourMinutes()
	in.Statistics, in.ExtendedStatistics, in.Period = nil, []string{"p50", "p100"}, aws.Int32(60)
	if got, err := client.GetMetricStatistics(t.Context(), in); err != nil || len(got.Datapoints) != 4 || got.Datapoints[3].ExtendedStatistics["p50"] != 4 || got.Datapoints[0].Sum != nil {
		t.Errorf("percentiles: %+v, %v", got, err)
	}
	in = fourMinutes()
	in.Namespace, in.MetricName, in.Dimensions = aws.String("N"), aws.String("Mixed"), nil
	if got, err := client.GetMetricStatistics(t.Context(), in); err != nil || len(got.Datapoints) != 2 || got.Datapoints[0].Unit == got.Datapoints[1].Unit {
		t.Errorf("two units: %+v, %v", got, err)
	}
	in.Unit = types.StandardUnitBytes
	if got, err := client.GetMetricStatistics(t.Context(), in); err != nil || len(got.Datapoints) != 1 || *got.Datapoints[0].Sum != 1 {
		t.Errorf("one unit: %+v, %v", got, err)
	}
}

func TestStatisticsThatCannotBeReadAreNamed(t *testing.T) {
	client := cloudwatch.NewFromConfig(newTestEnv(t, nil).config())
	for want, change := range map[string]func(*cloudwatch.GetMetricStatisticsInput){
		"up to 2880 datapoints, which exceeds the limit of 1,440": func(in *cloudwatch.GetMetricStatisticsInput) {
			in.Period, in.StartTime = aws.Int32(60), aws.Time(newest.Add(-48*time.Hour))
		},
		"Period is 45": func(in *cloudwatch.GetMetricStatisticsInput) { in.Period = aws.Int32(45) },
		"must be less": func(in *cloudwatch.GetMetricStatisticsInput) { in.StartTime = in.EndTime },
		"one of the parameters Statistics and ExtendedStatistics": func(in *cloudwatch.GetMetricStatisticsInput) { in.ExtendedStatistics = []string{"p99"} },
	} {
		in := fourMinutes()
		change(in)
		if _, err := client.GetMetricStatistics(t.Context(), in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
func TestMetricsAreListedFromTheStore(t *testing.T) {
	store := stored()
	for i := range 501 {
		store.Put(metrics.Datum{Metric: metrics.Metric{Namespace: "many", Name: fmt.Sprintf("m%03d", i)}, Time: newest.Add(-4 * time.Hour)})
	}
	client := cloudwatch.NewFromConfig(newTestEnv(t, nil, func(c *Config) { c.Metrics = store }).config())
	list := func(in cloudwatch.ListMetricsInput) string {
		t.Helper()
		var names []string
		for pages := cloudwatch.NewListMetricsPaginator(client, &in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.Metrics {
				name := *m.MetricName
				for _, d := range m.Dimensions {
					name += " " + *d.Name + "=" + *d.Value
				}
				names = append(names, name)
			}
		}
		return strings.Join(names, ", ")
	}
	both := "Errors FunctionName=f, Invocations FunctionName=f"
	for name, c := range map[string]struct {
		in   cloudwatch.ListMetricsInput
		want string
	}{
		"of a namespace":         {cloudwatch.ListMetricsInput{Namespace: aws.String("AWS/Lambda")}, both},
		"of a name":              {cloudwatch.ListMetricsInput{MetricName: aws.String("Errors")}, "Errors FunctionName=f"},
		"with a dimension":       {cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("FunctionName")}}}, both},
		"with its value":         {cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("FunctionName"), Value: aws.String("f")}}}, both},
		"with another value":     {cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("FunctionName"), Value: aws.String("g")}}}, ""},
		"with another dimension": {cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("Resource")}}}, ""},
		"active in three hours":  {cloudwatch.ListMetricsInput{RecentlyActive: types.RecentlyActivePt3h}, both},
	} {
		if got := list(c.in); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := strings.Count(list(cloudwatch.ListMetricsInput{Namespace: aws.String("many")}), "m"); got != 501 {
		t.Errorf("%d metrics on all pages", got)
	}
}

func TestMetricDataIsReadByJSON(t *testing.T) {
	s := newTestEnv(t, nil, func(c *Config) { c.Metrics = stored() })
	var got struct {
		MetricDataResults []struct {
			Timestamps, Values []float64
		}
	}
	in := map[string]any{"StartTime": newest.Add(-time.Hour).Unix(), "EndTime": newest.Unix(), "MetricDataQueries": []any{map[string]any{
		"Id": "e", "MetricStat": map[string]any{"Period": 3600, "Stat": "Sum", "Metric": map[string]any{
			"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": []any{map[string]string{"Name": "FunctionName", "Value": "f"}},
		}},
	}}}
	err := s.client().Target(t.Context(), "monitoring", "GraniteServiceVersion20100801.GetMetricData", in, &got)
	if err != nil || len(got.MetricDataResults) != 1 || len(got.MetricDataResults[0].Values) != 1 || got.MetricDataResults[0].Values[0] != 10 || got.MetricDataResults[0].Timestamps[0] != float64(newest.Add(-time.Hour).Unix()) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadingMetricsNeedsPermission(t *testing.T) {
	s := newTestEnv(t, nil, func(c *Config) { c.Metrics = stored() })
	role := s.assumeRole(t, "reads-lists", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudwatch:ListMetrics","Resource":"*"}]}`)
	client := cloudwatch.NewFromConfig(role)
	if got, err := client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{}); err != nil || len(got.Metrics) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{MetricDataQueries: []types.MetricDataQuery{query("e", "Errors", "Sum", 60)}, StartTime: aws.Time(newest.Add(-time.Hour)), EndTime: &newest})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("without permission: %v", err)
	}
}
