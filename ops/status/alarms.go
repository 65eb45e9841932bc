package status

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/types"
)

// alarm is a metric alarm or a composite alarm.
type alarm struct {
	name, reason string
	state        cloudwatchtypes.StateValue
	since        *time.Time
	silenced     bool
	// actions is their number, and rule that of a composite alarm.
	actions int
	rule    string
}

// alarmsPerCall is CloudWatch's limit of AlarmNames.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const alarmsPerCall = 100

// alarms lists the stack's alarms that are in ALARM, are gone, or send no notification because their actions are off.
func alarms(ctx context.Context, s *stack) ([]Item, error) {
	var names []string
	for _, token := range []string{types.CompositeAlarm, types.MetricAlarm} { // what pages first
		for _, r := range s.graph.ByType(token) {
			names = append(names, r.ID)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	found := map[string]alarm{}
	for some := range slices.Chunk(names, alarmsPerCall) {
		if err := s.describeAlarms(ctx, some, found); err != nil {
			return nil, err
		}
	}
	var items []Item
	without := 0
	for _, name := range names {
		a, there := found[name]
		switch {
		case !there:
			items = append(items, Item{Name: name, State: Warning, What: "it is gone: it was deleted by hand", Do: "update the stack, which creates it again"})
		case a.state == cloudwatchtypes.StateValueAlarm && waits(a, found):
		case a.state == cloudwatchtypes.StateValueAlarm:
			items = append(items, Item{
				Name: name, State: Warning, What: fmt.Sprintf("ALARM since %s: %s", aws.ToTime(a.since).UTC().Format(time.RFC3339), a.reason),
				Do: "docs/how-to/runbook.md has a section of the alarm's name",
			})
		case a.silenced:
			items = append(items, Item{Name: name, State: Warning, What: "its actions are off: it notifies nobody", Do: "aws cloudwatch enable-alarm-actions --alarm-names " + name})
		case a.state == cloudwatchtypes.StateValueInsufficientData:
			without++
		}
	}
	if len(items) == 0 {
		items = append(items, Item{Name: fmt.Sprintf("%d alarms", len(names)), State: OK, What: fmt.Sprintf("none is in ALARM, %d have insufficient data", without)})
	}
	return items, nil
}

func (s *stack) describeAlarms(ctx context.Context, names []string, found map[string]alarm) error {
	pages := cloudwatch.NewDescribeAlarmsPaginator(s.alarms, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names, AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return deployed.Failed(err, "read the alarms", "cloudwatch:DescribeAlarms")
		}
		for _, a := range page.MetricAlarms {
			found[aws.ToString(a.AlarmName)] = alarm{aws.ToString(a.AlarmName), aws.ToString(a.StateReason), a.StateValue, a.StateUpdatedTimestamp, !aws.ToBool(a.ActionsEnabled), len(a.AlarmActions), ""}
		}
		for _, a := range page.CompositeAlarms {
			found[aws.ToString(a.AlarmName)] = alarm{aws.ToString(a.AlarmName), aws.ToString(a.StateReason), a.StateValue, a.StateUpdatedTimestamp, !aws.ToBool(a.ActionsEnabled), len(a.AlarmActions), aws.ToString(a.AlarmRule)}
		}
	}
	return nil
}

// waits reports whether an alarm acts through composite alarms of which none is in ALARM: it is one of two windows of a
// burn rate, and the other is OK.
func waits(a alarm, found map[string]alarm) bool {
	named := false
	for _, composite := range found {
		if strings.Contains(composite.rule, strconv.Quote(a.name)) {
			if composite.state == cloudwatchtypes.StateValueAlarm {
				return false
			}
			named = true
		}
	}
	return named && a.actions == 0
}
