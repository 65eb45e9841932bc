package page

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/didomi/serverless-api/sandbox/daemon"
)

// cloudWatch are the calls that the page makes; *cloudwatch.Client has them.
type cloudWatch interface {
	ListDashboards(context.Context, *cloudwatch.ListDashboardsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListDashboardsOutput, error)
	GetDashboard(context.Context, *cloudwatch.GetDashboardInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetDashboardOutput, error)
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
	DescribeAlarmHistory(context.Context, *cloudwatch.DescribeAlarmHistoryInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmHistoryOutput, error)
}

func newCloudWatch(r daemon.Report) cloudWatch {
	return cloudwatch.NewFromConfig(awsConfig(r))
}

func awsConfig(r daemon.Report) aws.Config {
	return aws.Config{
		Region: r.Region, BaseEndpoint: &r.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(r.AccessKeyID, r.SecretAccessKey, ""),
	}
}

// line is a line of a metric panel, with a value for each time of the panel; null: none.
type line struct {
	Label  string     `json:"label"`
	Right  bool       `json:"right,omitempty"` // of the right axis
	Values []*float64 `json:"values"`
}

// defaultPeriod is that of a widget without one, in seconds.
const defaultPeriod = 300

// read asks for a panel's lines as CloudWatch's console does, with the ids of the widget's own expressions.
func (v viewer) read(ctx context.Context, lines []metric, p *panel) error {
	if len(lines) == 0 {
		return nil
	}
	in := &cloudwatch.GetMetricDataInput{StartTime: &v.from, EndTime: &v.to, ScanBy: types.ScanByTimestampAscending}
	names := labels(lines)
	shown := map[string]*line{}
	for i, m := range lines {
		q := m.query(i)
		in.MetricDataQueries = append(in.MetricDataQueries, q)
		if *q.ReturnData {
			shown[*q.Id] = &line{Label: names[i], Right: m.YAxis == "right"}
		}
	}
	values := map[string]map[int64]float64{}
	pages := cloudwatch.NewGetMetricDataPaginator(v.api, in)
	for pages.HasMorePages() {
		got, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("get metric data: %w", err)
		}
		for _, result := range got.MetricDataResults {
			id := aws.ToString(result.Id)
			if values[id] == nil {
				values[id] = map[int64]float64{}
			}
			for i, at := range result.Timestamps {
				values[id][at.Unix()] = result.Values[i]
			}
			for _, message := range result.Messages {
				p.Problems = append(p.Problems, aws.ToString(message.Code)+": "+aws.ToString(message.Value))
			}
		}
	}
	p.align(in.MetricDataQueries, shown, values)
	return nil
}

// query is the line as GetMetricData takes it.
func (m metric) query(i int) types.MetricDataQuery {
	q := types.MetricDataQuery{Id: aws.String(m.ID), ReturnData: aws.Bool(m.Visible == nil || *m.Visible)}
	if m.ID == "" {
		q.Id = aws.String(fmt.Sprintf("line%d", i))
	}
	period := m.Period
	if period == 0 {
		period = defaultPeriod
	}
	if m.Expression != "" {
		q.Expression, q.Period = &m.Expression, &period
		return q
	}
	var dimensions []types.Dimension
	for _, d := range m.dimensions {
		dimensions = append(dimensions, types.Dimension{Name: &d.name, Value: &d.value})
	}
	q.MetricStat = &types.MetricStat{
		Metric: &types.Metric{Namespace: &m.namespace, MetricName: &m.name, Dimensions: dimensions}, Stat: &m.Stat, Period: &period,
	}
	return q
}

// align puts the values of all lines at the times that any of them has.
func (p *panel) align(queries []types.MetricDataQuery, shown map[string]*line, values map[string]map[int64]float64) {
	times := map[int64]bool{}
	for id := range shown {
		for at := range values[id] {
			times[at] = true
		}
	}
	p.Times = slices.Sorted(maps.Keys(times))
	for _, q := range queries {
		l := shown[*q.Id]
		if l == nil {
			continue
		}
		l.Values = make([]*float64, len(p.Times))
		for i, at := range p.Times {
			if value, ok := values[*q.Id][at]; ok {
				l.Values[i] = &value
			}
		}
		p.Lines = append(p.Lines, *l)
	}
}
