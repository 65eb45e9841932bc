package cloudwatch

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// alarmRule is a rule for alarms that AWS enforces and the emulator does not. It returns the violation, or an empty
// string.
type alarmRule func(alarm cbor.Map) string

// The rules of PutMetricAlarm and PutCompositeAlarm. AWS words its errors differently.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
var (
	metricAlarmRules    = append([]alarmRule{oneStatistic, lowSamples, evaluationRange, missingData, alarmQueries}, eachAlarmRules...)
	compositeAlarmRules = append([]alarmRule{suppressorPeriods}, eachAlarmRules...)
	eachAlarmRules      = []alarmRule{
		actions("AlarmActions"), actions("OKActions"), actions("InsufficientDataActions"),
	}
)

// rejectInvalidAlarm rejects an alarm that violates a rule.
func rejectInvalidAlarm(rules []alarmRule, put call.Handler) call.Handler {
	return call.WithBody(func(x *call.Exchange) error {
		if !call.IsCBOR(x.Request.Header) {
			return put(x)
		}
		alarm, err := call.DecodeCBOR(x.Body)
		if err != nil {
			return err
		}
		for _, rule := range rules {
			if violation := rule(alarm); violation != "" {
				return x.Reject(http.StatusBadRequest, "ValidationError", violation)
			}
		}
		return put(x)
	})
}

func stringMember(alarm cbor.Map, member string) string {
	value, _ := alarm[member].(cbor.String)
	return string(value)
}

// intMember returns an integer member, or 0.
func intMember(alarm cbor.Map, member string) int {
	value, _ := alarm[member].(cbor.Uint)
	return int(value)
}

func actions(member string) alarmRule {
	return func(alarm cbor.Map) string {
		if list, _ := alarm[member].(cbor.List); len(list) > 5 {
			return fmt.Sprintf("%s has %d actions, more than 5", member, len(list))
		}
		return ""
	}
}

// extended matches ExtendedStatistic, percentile those of its values that are percentiles.
var (
	percentile = regexp.MustCompile(`^p(\d{1,2}(\.\d{1,10})?|100)$`)
	extended   = regexp.MustCompile(`^((p|tm|tc|ts|wm)(\d{1,2}(\.\d{1,10})?|100)|IQM|(PR|TC|TM|TS|WM)\(.*:.*\))$`)
)

func oneStatistic(alarm cbor.Map) string {
	statistic, extendedStatistic := stringMember(alarm, "Statistic"), stringMember(alarm, "ExtendedStatistic")
	_, queries := alarm["Metrics"]
	switch named := stringMember(alarm, "MetricName") != ""; {
	case queries && (named || statistic != "" || extendedStatistic != ""):
		return "Metrics and MetricName, Statistic or ExtendedStatistic exclude each other"
	case !queries && !named:
		return "MetricName or Metrics is missing"
	case named && (statistic == "") == (extendedStatistic == ""):
		return "a metric requires Statistic or ExtendedStatistic, not both"
	case extendedStatistic != "" && !extended.MatchString(extendedStatistic):
		return "ExtendedStatistic " + extendedStatistic + " is unknown"
	}
	return ""
}

func lowSamples(alarm cbor.Map) string {
	setting := stringMember(alarm, "EvaluateLowSampleCountPercentile")
	switch {
	case setting == "":
		return ""
	case !percentile.MatchString(stringMember(alarm, "ExtendedStatistic")):
		return "EvaluateLowSampleCountPercentile is for percentiles only"
	case setting != "evaluate" && setting != "ignore":
		return "EvaluateLowSampleCountPercentile is " + setting + "; must be evaluate or ignore"
	}
	return ""
}

const (
	hour = 60 * 60
	day  = 24 * hour
)

// evaluationRange limits the time that an alarm looks back. One on queries has a period in each of its metrics.
func evaluationRange(alarm cbor.Map) string {
	periods, needed := intMember(alarm, "EvaluationPeriods"), intMember(alarm, "DatapointsToAlarm")
	switch {
	case periods < 1:
		return "EvaluationPeriods is missing"
	case needed > periods:
		return fmt.Sprintf("DatapointsToAlarm %d is more than the %d EvaluationPeriods", needed, periods)
	}
	queries, onQueries := alarm["Metrics"].(cbor.List)
	if !onQueries {
		return periodLimits(intMember(alarm, "Period"), periods)
	}
	for _, item := range queries {
		query, _ := item.(cbor.Map)
		if stat, ok := query["MetricStat"].(cbor.Map); ok {
			if violation := periodLimits(intMember(stat, "Period"), periods); violation != "" {
				return violation
			}
		}
	}
	return ""
}

func periodLimits(period, periods int) string {
	switch {
	case !slices.Contains([]int{10, 20, 30}, period) && (period == 0 || period%60 != 0):
		return fmt.Sprintf("Period is %d; must be 10, 20, 30 or a multiple of 60", period)
	case period < hour && period*periods > day:
		return fmt.Sprintf("%d periods of %d seconds are more than a day", periods, period)
	case period*periods > 7*day:
		return fmt.Sprintf("%d periods of %d seconds are more than seven days", periods, period)
	}
	return ""
}

func missingData(alarm cbor.Map) string {
	treatment := stringMember(alarm, "TreatMissingData")
	if treatment != "" && !slices.Contains([]string{"breaching", "notBreaching", "ignore", "missing"}, treatment) {
		return "TreatMissingData " + treatment + " is unknown"
	}
	return ""
}

// alarmQueries limits an alarm on an expression to ten metrics and to one query that returns data, one time series.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
func alarmQueries(alarm cbor.Map) string {
	list, _ := alarm["Metrics"].(cbor.List)
	stats, returning := 0, 0
	for _, item := range list {
		query, _ := item.(cbor.Map)
		if query["MetricStat"] != nil {
			stats++
		}
		if returned, set := query["ReturnData"].(cbor.Bool); !set || bool(returned) {
			returning++
		}
	}
	switch {
	case stats > 10:
		return fmt.Sprintf("Metrics has %d metrics, more than 10", stats)
	case len(list) > 0 && returning != 1:
		return fmt.Sprintf("%d of Metrics return data; must be one", returning)
	}
	queries, err := alarmMetrics(list)
	if err == nil && len(queries) > 0 {
		err = metrics.CheckAlarm(queries)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func suppressorPeriods(alarm cbor.Map) string {
	_, wait := alarm["ActionsSuppressorWaitPeriod"]
	_, extension := alarm["ActionsSuppressorExtensionPeriod"]
	if suppressed := stringMember(alarm, "ActionsSuppressor") != ""; suppressed != wait || suppressed != extension {
		return "ActionsSuppressor, its wait period and its extension period must be set together"
	}
	return ""
}
