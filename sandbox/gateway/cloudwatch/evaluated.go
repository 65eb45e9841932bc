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
			evaluated, err := alarm.evaluated(a.Fields.Get(alarmKey(alarm.AlarmName)))
			if err != nil {
				return nil, err
			}
			all = append(all, evaluated)
		}
		if token = page.NextToken; token == "" {
			return all, nil
		}
	}
}

// evaluated returns the alarm with the members that the gateway has stored of it. An alarm on queries has their period.
func (m metricAlarm) evaluated(stored map[string]any) (metrics.Alarm, error) {
	lowSamples, _ := stored["EvaluateLowSampleCountPercentile"].(cbor.String)
	alarm := metrics.Alarm{
		Name: m.AlarmName, Metric: metrics.Metric{Namespace: m.Namespace, Name: m.MetricName, Dimensions: m.Dimensions.byName()},
		Unit: m.Unit, Statistic: cmp.Or(m.ExtendedStatistic, m.Statistic), Period: time.Duration(m.Period) * time.Second,
		Periods: m.EvaluationPeriods, Needed: cmp.Or(m.DatapointsToAlarm, m.EvaluationPeriods),
		Comparison: m.ComparisonOperator, Threshold: m.Threshold, Missing: m.TreatMissingData,
		IgnoreLowSamples: lowSamples == "ignore", State: metrics.State(m.StateValue),
	}
	queries, err := alarmMetrics(stored["Metrics"])
	if err != nil {
		return alarm, fmt.Errorf("alarm %s: Metrics: %w", m.AlarmName, err)
	}
	if alarm.Queries = queries; len(queries) > 0 {
		alarm.Period = metrics.PeriodOf(queries)
	}
	return alarm, nil
}

// alarmMetrics decodes the member Metrics of an alarm.
func alarmMetrics(member any) ([]metrics.Query, error) {
	list, ok := member.(cbor.List)
	if !ok {
		return nil, nil
	}
	var decoded []metricDataQuery
	if err := remarshal(list, &decoded); err != nil {
		return nil, err
	}
	return queries(decoded), nil
}

// SetState sets the state of an alarm. The emulator executes its actions and evaluates the composite alarms above it.
func SetState(ctx context.Context, a *call.Account, alarm string, outcome metrics.Outcome) error {
	request := map[string]any{"AlarmName": alarm, "StateValue": outcome.State, "StateReason": outcome.Reason}
	if err := a.Emulator.Target(ctx, "monitoring", target+"SetAlarmState", request, nil); err != nil {
		return fmt.Errorf("set the state of the alarm %s: %w", alarm, err)
	}
	return nil
}
