package cloudwatch

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// target is the prefix of the operation in X-Amz-Target.
const target = "GraniteServiceVersion20100801."

// metricAlarm is a metric alarm of the emulator.
type metricAlarm struct {
	AlarmName, Namespace, MetricName, Unit                       string
	Statistic, ExtendedStatistic, ComparisonOperator, StateValue string
	TreatMissingData                                             string
	Dimensions                                                   dimensions
	Period, EvaluationPeriods, DatapointsToAlarm                 int
	Threshold                                                    float64
}

// dimensions are those of a metric, as the API has them.
type dimensions []struct{ Name, Value string }

func (d dimensions) byName() map[string]string {
	values := map[string]string{}
	for _, dimension := range d {
		values[dimension.Name] = dimension.Value
	}
	return values
}

// Alarms returns the account's metric alarms, for evaluation.
func Alarms(ctx context.Context, a *call.Account) ([]metrics.Alarm, error) {
	var all []metrics.Alarm
	for token := ""; ; {
		request := map[string]any{"MaxRecords": 100}
		if token != "" {
			request["NextToken"] = token
		}
		var page struct {
			MetricAlarms []metricAlarm
			NextToken    string
		}
		if err := a.Emulator.Target(ctx, "monitoring", target+"DescribeAlarms", request, &page); err != nil {
			return nil, fmt.Errorf("list the alarms: %w", err)
		}
		for _, alarm := range page.MetricAlarms {
			all = append(all, alarm.evaluated(a.Fields.Get(alarmKey(alarm.AlarmName))))
		}
		if token = page.NextToken; token == "" {
			return all, nil
		}
	}
}

// evaluated returns the alarm with the members that the gateway has stored of it.
func (m metricAlarm) evaluated(stored map[string]any) metrics.Alarm {
	lowSamples, _ := stored["EvaluateLowSampleCountPercentile"].(cbor.String)
	return metrics.Alarm{
		Name: m.AlarmName, Metric: metrics.Metric{Namespace: m.Namespace, Name: m.MetricName, Dimensions: m.Dimensions.byName()},
		Unit: m.Unit, Statistic: cmp.Or(m.ExtendedStatistic, m.Statistic), Period: time.Duration(m.Period) * time.Second,
		Periods: m.EvaluationPeriods, Needed: cmp.Or(m.DatapointsToAlarm, m.EvaluationPeriods),
		Comparison: m.ComparisonOperator, Threshold: m.Threshold, Missing: m.TreatMissingData,
		IgnoreLowSamples: lowSamples == "ignore", State: metrics.State(m.StateValue), Expression: expression(stored["Metrics"]),
	}
}

// expression returns the first expression of an alarm on queries; empty: it is on a metric.
func expression(stored any) string {
	queries, _ := stored.(cbor.List)
	for _, item := range queries {
		query, _ := item.(cbor.Map)
		if text := stringMember(query, "Expression"); text != "" {
			return text
		}
	}
	if len(queries) > 0 {
		return "Metrics"
	}
	return ""
}

// SetState sets the state of an alarm. The emulator executes its actions and evaluates the composite alarms above it.
func SetState(ctx context.Context, a *call.Account, alarm string, outcome metrics.Outcome) error {
	request := map[string]any{"AlarmName": alarm, "StateValue": outcome.State, "StateReason": outcome.Reason}
	if err := a.Emulator.Target(ctx, "monitoring", target+"SetAlarmState", request, nil); err != nil {
		return fmt.Errorf("set the state of the alarm %s: %w", alarm, err)
	}
	return nil
}
