package page

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/insights"
)

func newCloudWatchLogs(r daemon.Report) cloudwatchlogs.FilterLogEventsAPIClient {
	return cloudwatchlogs.NewFromConfig(awsConfig(r))
}

// logReader reads the events of the last minutes. Logs have the time of the machine: only metrics follow the
// sandbox's clock when it is set forward.
type logReader struct {
	api  cloudwatchlogs.FilterLogEventsAPIClient
	past time.Duration
}

// logPanel runs a widget's query. The emulator's own queries know no fields of JSON.
func (v viewer) logPanel(ctx context.Context, w widget, p *panel) error {
	p.Query = w.Properties.Query
	table, err := insights.Query(p.Query, func(group string) ([]insights.Event, error) { return v.logs.events(ctx, group) })
	if err != nil {
		return fmt.Errorf("run the query: %w", err)
	}
	p.Table = &table
	return nil
}

func (l logReader) events(ctx context.Context, group string) ([]insights.Event, error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(l.api, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, StartTime: aws.Int64(time.Now().Add(-l.past).UnixMilli()),
	})
	var all []insights.Event
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the log group %s: %w", group, err)
		}
		for _, e := range page.Events {
			all = append(all, insights.Event{Time: time.UnixMilli(aws.ToInt64(e.Timestamp)), Message: aws.ToString(e.Message)})
		}
	}
	return all, nil
}
