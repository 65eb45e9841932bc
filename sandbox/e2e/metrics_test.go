package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/didomi/serverless-api/internal/awsmetrics"
	"github.com/didomi/serverless-api/sandbox/daemon"
)

// checkMetrics checks that requests are counted by the metrics of CloudWatch, and that every metric of AWS's namespaces has
// AWS's dimensions and unit. It comes before the test of alarms, which puts values without a unit and turns the clock by days.
func checkMetrics(t *testing.T, out outputs) {
	t.Helper()
	client := cloudwatch.NewFromConfig(awsConfig(out))
	before := invocations(t, client)
	for range 3 {
		request(t, out, "GET", newItem(), "")
	}
	if got := invocations(t, client); got < before+3 {
		t.Errorf("3 requests, and the invocations of all functions went from %v to %v", before, got)
	}
	// The servers are measured at the end of a minute.
	if err := daemon.TurnClock(t.Context(), sandboxLayout(t), time.Minute); err != nil {
		t.Fatal(err)
	}
	checked := map[string]int{}
	for pages := cloudwatch.NewListMetricsPaginator(client, &cloudwatch.ListMetricsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Metrics {
			if strings.HasPrefix(*m.Namespace, "AWS/") {
				checkPublished(t, client, m)
				checked[*m.Namespace]++
			}
		}
	}
	for _, namespace := range []string{"AWS/ApiGateway", "AWS/ElastiCache", "AWS/Lambda", "AWS/Logs", "AWS/RDS"} {
		if checked[namespace] == 0 {
			t.Errorf("no metrics of %s", namespace)
		}
	}
}

// invocations is the number of invocations in the last day, by metric math.
func invocations(t *testing.T, client *cloudwatch.Client) (all float64) {
	t.Helper()
	start, end := lastDay()
	got, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: &start, EndTime: &end, MetricDataQueries: []types.MetricDataQuery{
		{Id: aws.String("all"), Expression: aws.String("RUNNING_SUM(FILL(m1, 0))")},
		{Id: aws.String("m1"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Invocations")}, Period: aws.Int32(300), Stat: aws.String("Sum"),
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range got.MetricDataResults[0].Values {
		all = max(all, value)
	}
	return all
}

// lastDay ends after the time of the metrics, which was turned forward.
func lastDay() (start, end time.Time) {
	end = time.Now().Add(12 * time.Hour)
	return end.Add(-24 * time.Hour), end
}

// checkPublished checks that AWS publishes the metric with these dimensions, in the unit of its values.
func checkPublished(t *testing.T, client *cloudwatch.Client, m types.Metric) {
	t.Helper()
	start, end := lastDay()
	got, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: m.Namespace, MetricName: m.MetricName, Dimensions: m.Dimensions, StartTime: &start, EndTime: &end, Period: aws.Int32(300),
		Statistics: []types.Statistic{types.StatisticSum},
	})
	if err != nil {
		t.Fatal(err)
	}
	var dimensions []string
	for _, d := range m.Dimensions {
		dimensions = append(dimensions, *d.Name)
	}
	for _, point := range got.Datapoints {
		if err := awsmetrics.Check(*m.Namespace, *m.MetricName, dimensions, string(point.Unit)); err != nil {
			t.Error(err)
			return
		}
	}
}
