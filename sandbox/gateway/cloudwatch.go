package gateway

import (
	"github.com/aws/smithy-go/encoding/cbor"
)

const cloudwatchPath = "/service/GraniteServiceVersion20100801/operation/"

func (g *Gateway) cloudwatchCalls() map[string]handler {
	return map[string]handler{
		"POST " + cloudwatchPath + "PutCompositeAlarm": bounded("monitoring:PutCompositeAlarm", refuseAlarm(compositeAlarmRules, after(rememberAlarm(compositeKey, compositeMembers...)))),
		"POST " + cloudwatchPath + "PutDashboard":      bounded("monitoring:PutDashboard", withinWidgets((*exchange).forward)),
		"POST " + cloudwatchPath + "PutMetricAlarm":    bounded("monitoring:PutMetricAlarm", refuseAlarm(metricAlarmRules, after(rememberAlarm(alarmKey, append([]string{"Statistic"}, alarmMembers...)...)))),
		"POST " + cloudwatchPath + "DescribeAlarms":    after(showAlarms),
	}
}

// The members of a metric alarm that the emulator takes and does not answer.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
var alarmMembers = []string{"EvaluateLowSampleCountPercentile", "Metrics", "ThresholdMetricId"}

// The members of a composite alarm that the emulator takes and does not answer.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_CompositeAlarm.html
var compositeMembers = []string{"ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"}

func alarmKey(name string) string     { return "cloudwatch:alarm/" + name }
func compositeKey(name string) string { return "cloudwatch:composite/" + name }

// rememberAlarm keeps those members, which the emulator drops of PutMetricAlarm or PutCompositeAlarm; nil
// where the alarm has none.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
func rememberAlarm(key func(name string) string, names ...string) handler {
	return func(x *exchange) error {
		if !isCBOR(x.r.Header) {
			return nil
		}
		alarm, err := decodeMap(x.body)
		if err != nil {
			return err
		}
		x.g.fields.set(key(memberText(alarm, "AlarmName")), membersOf(alarm, append([]string{"AlarmName"}, names...)))
		return nil
	}
}

// membersOf are the values of those members, nil where there is none.
func membersOf(alarm cbor.Map, names []string) map[string]any {
	members := map[string]any{}
	for _, name := range names {
		members[name] = nil
		if value, ok := alarm[name]; ok {
			members[name] = value
		}
	}
	return members
}

// showAlarms answers the remembered members of both kinds, and no statistic for an alarm on
// a percentile or on an expression, for which the emulator answers "Average".
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
func showAlarms(x *exchange) error {
	if !isCBOR(x.header) {
		return nil
	}
	answer, err := decodeMap(x.answer)
	if err != nil {
		return err
	}
	alarms, _ := answer["MetricAlarms"].(cbor.List)
	for _, item := range alarms {
		if alarm, ok := item.(cbor.Map); ok {
			x.g.showAlarm(alarm)
		}
	}
	composites, _ := answer["CompositeAlarms"].(cbor.List)
	for _, item := range composites {
		if alarm, ok := item.(cbor.Map); ok {
			putMembers(alarm, x.g.fields.get(compositeKey(memberText(alarm, "AlarmName"))), compositeMembers)
		}
	}
	x.answer = cbor.Encode(answer)
	return nil
}

func (g *Gateway) showAlarm(alarm cbor.Map) {
	remembered := g.fields.get(alarmKey(memberText(alarm, "AlarmName")))
	if remembered == nil {
		return
	}
	if remembered["Statistic"] == nil {
		delete(alarm, "Statistic")
	}
	putMembers(alarm, remembered, alarmMembers)
}

func putMembers(alarm cbor.Map, remembered map[string]any, members []string) {
	for _, member := range members {
		if value, ok := remembered[member].(cbor.Value); ok {
			alarm[member] = value
		}
	}
}
