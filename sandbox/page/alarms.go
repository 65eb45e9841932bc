package page

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarm is a metric alarm or a composite alarm.
type alarm struct {
	Name        string    `json:"name"`
	State       string    `json:"state"`
	Reason      string    `json:"reason"`
	Since       time.Time `json:"since,omitzero"`
	Description string    `json:"description,omitempty"`
	// Condition is what brings it into ALARM.
	Condition string `json:"condition"`
}

// mostAlarms is the largest page of DescribeAlarms, and of the names in a call.
const mostAlarms = 100

var alarmTypes = []types.AlarmType{types.AlarmTypeCompositeAlarm, types.AlarmTypeMetricAlarm}

// alarms returns the stack's alarms, those in ALARM first.
func (p *page) alarms(r *http.Request) ([]alarm, error) {
	s, err := p.stack(r)
	if err != nil {
		return nil, err
	}
	all, err := describe(r.Context(), p.watcher(s.report), &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(s.prefix + "-"), AlarmTypes: alarmTypes, MaxRecords: aws.Int32(mostAlarms),
	})
	slices.SortStableFunc(all, func(a, b alarm) int { return rank(a) - rank(b) })
	return all, err
}

func rank(a alarm) int { return slices.Index([]string{"ALARM", "INSUFFICIENT_DATA", "OK"}, a.State) }

// named returns the alarms with these ARNs, in their order.
func (v viewer) named(ctx context.Context, arns []string) ([]alarm, error) {
	var names []string
	for _, arn := range arns {
		_, name, _ := strings.Cut(arn, ":alarm:")
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, nil
	}
	all, err := describe(ctx, v.api, &cloudwatch.DescribeAlarmsInput{AlarmNames: names, AlarmTypes: alarmTypes, MaxRecords: aws.Int32(mostAlarms)})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b alarm) int { return slices.Index(names, a.Name) - slices.Index(names, b.Name) })
	if len(all) < len(names) {
		err = fmt.Errorf("%d of the widget's %d alarms do not exist", len(names)-len(all), len(names))
	}
	return all, err
}

func describe(ctx context.Context, api cloudWatch, in *cloudwatch.DescribeAlarmsInput) ([]alarm, error) {
	all := []alarm{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(api, in)
	for pages.HasMorePages() {
		got, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe the alarms: %w", err)
		}
		for _, a := range got.CompositeAlarms {
			all = append(all, alarm{
				Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Reason: aws.ToString(a.StateReason), Since: aws.ToTime(a.StateUpdatedTimestamp),
				Description: aws.ToString(a.AlarmDescription), Condition: aws.ToString(a.AlarmRule),
			})
		}
		for _, a := range got.MetricAlarms {
			all = append(all, alarm{
				Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Reason: aws.ToString(a.StateReason), Since: aws.ToTime(a.StateUpdatedTimestamp),
				Description: aws.ToString(a.AlarmDescription), Condition: condition(a),
			})
		}
	}
	return all, nil
}

// condition describes when a metric alarm enters ALARM.
func condition(a types.MetricAlarm) string {
	what := strings.TrimSpace(aws.ToString(a.Namespace) + " " + aws.ToString(a.MetricName))
	for _, d := range a.Dimensions {
		what += fmt.Sprintf(" %s=%s", aws.ToString(d.Name), aws.ToString(d.Value))
	}
	if statistic := string(a.Statistic) + aws.ToString(a.ExtendedStatistic); statistic != "" {
		what = statistic + " of " + what
	}
	for _, q := range a.Metrics {
		if q.Expression != nil && (q.ReturnData == nil || *q.ReturnData) {
			what = *q.Expression
		}
	}
	needed := a.DatapointsToAlarm
	if needed == nil {
		needed = a.EvaluationPeriods
	}
	period := ""
	if a.Period != nil {
		period = " of " + (time.Duration(*a.Period) * time.Second).String()
	}
	return fmt.Sprintf("%s %s %v in %d of %d periods%s", what, a.ComparisonOperator, aws.ToFloat64(a.Threshold), aws.ToInt32(needed), aws.ToInt32(a.EvaluationPeriods), period)
}

// change is a change of an alarm's state.
type change struct {
	Time    time.Time `json:"time"`
	Summary string    `json:"summary"`
}

// mostChanges is how many changes of an alarm are shown, the newest.
const mostChanges = 50

// history returns the changes of an alarm's state, the newest first.
func (p *page) history(r *http.Request) ([]change, error) {
	s, err := p.stack(r)
	if err != nil {
		return nil, err
	}
	name := r.PathValue("alarm")
	got, err := p.watcher(s.report).DescribeAlarmHistory(r.Context(), &cloudwatch.DescribeAlarmHistoryInput{
		AlarmName: &name, AlarmTypes: alarmTypes, HistoryItemType: types.HistoryItemTypeStateUpdate, MaxRecords: aws.Int32(mostChanges),
	})
	if err != nil {
		return nil, fmt.Errorf("describe the history of %s: %w", name, err)
	}
	changes := []change{}
	for _, item := range got.AlarmHistoryItems {
		changes = append(changes, change{aws.ToTime(item.Timestamp), aws.ToString(item.HistorySummary)})
	}
	return changes, nil
}
