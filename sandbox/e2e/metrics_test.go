package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/didomi/serverless-api/internal/awsmetrics"
)

// checkMetrics checks that requests are counted by the metrics of CloudWatch, and that every metric of AWS's namespaces has
// AWS's dimensions and unit.
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

// invocations is the number of invocations that the metrics have, by metric math.
func invocations(t *testing.T, client *cloudwatch.Client) (all float64) {
	t.Helper()
	start, end := retained()
	got, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: &start, EndTime: &end, MetricDataQueries: []types.MetricDataQuery{
		{Id: aws.String("all"), Expression: aws.String("RUNNING_SUM(FILL(m1, 0))")},
		{Id: aws.String("m1"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Invocations")}, Period: aws.Int32(3600), Stat: aws.String("Sum"),
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

// retained begins before the oldest metrics and ends after the newest: the test of alarms turns their time forward by days,
// each time it runs. In hours it has 1,440 points, as many as GetMetricStatistics returns.
func retained() (start, end time.Time) {
	start = time.Now().Add(-24 * time.Hour).Truncate(time.Hour)
	return start, start.Add(1440 * time.Hour)
}

// checkPublished checks that AWS publishes the metric with these dimensions, in the unit of its values.
func checkPublished(t *testing.T, client *cloudwatch.Client, m types.Metric) {
	t.Helper()
	start, end := retained()
	got, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: m.Namespace, MetricName: m.MetricName, Dimensions: m.Dimensions, StartTime: &start, EndTime: &end, Period: aws.Int32(3600),
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
