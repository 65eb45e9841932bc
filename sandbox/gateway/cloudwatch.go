package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

const cloudwatchPath = "/service/GraniteServiceVersion20100801/operation/"

func (g *Gateway) cloudwatchCalls() service {
	return service{
		name: "monitoring", bounds: cloudwatchBounds, ambiguous: cloudwatchRead,
		encoded: func(r *http.Request) bool { return r.URL.Path == cloudwatchPath+"PutMetricData" },
		paths: map[string]handler{
			"POST " + cloudwatchPath + "PutCompositeAlarm": bounded(cloudwatchBounds["PutCompositeAlarm"], refuseAlarm(compositeAlarmRules, after(rememberAlarm(compositeKey, compositeMembers...)))),
			"POST " + cloudwatchPath + "PutDashboard":      bounded(cloudwatchBounds["PutDashboard"], withinWidgets((*exchange).forward)),
			"POST " + cloudwatchPath + "PutMetricAlarm":    bounded(cloudwatchBounds["PutMetricAlarm"], refuseAlarm(metricAlarmRules, after(rememberAlarm(alarmKey, append([]string{"Statistic"}, alarmMembers...)...)))),
			"POST " + cloudwatchPath + "DescribeAlarms":    after(showAlarms),
		},
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

// cloudwatchBounds are those of the calls that give something its physical name, of the API reference.
var cloudwatchBounds = map[string]boundedCall{
	"PutMetricAlarm":    boundOf("ValidationError", "AlarmName", 255, nil).and("AlarmDescription", 1024, nil),
	"PutCompositeAlarm": boundOf("ValidationError", "AlarmName", 255, nil).and("AlarmRule", 10240, nil),
	"PutDashboard":      boundOf("InvalidParameterInput", "DashboardName", 255, wordDash),
}

// cloudwatchRead says why a call to CloudWatch is none that the gateway reads: it checks alarms and dashboards
// by CBOR, as the SDKs make them, so they come by CBOR alone.
func cloudwatchRead(r *http.Request) error {
	target := r.Header.Get("X-Amz-Target")
	if operation, ok := strings.CutPrefix(r.URL.EscapedPath(), cloudwatchPath); ok {
		if strings.Contains(operation, "/") || r.Method != http.MethodPost || !isCBOR(r.Header) || target != "" || hasAction(r) {
			return errors.New("a path of an operation takes a POST of CBOR, without X-Amz-Target and Action")
		}
		return nil
	}
	if r.URL.Path != "/" || target != "" && hasAction(r) {
		return errors.New("it has no path of an operation, and is none of the Query or JSON protocol either")
	}
	_, operation, _ := strings.Cut(target, ".")
	if target == "" {
		form, err := formOf(r)
		if err != nil {
			return err
		}
		operation = form.Get("Action")
	}
	if strings.HasPrefix(operation, "Put") && operation != "PutMetricData" {
		return fmt.Errorf("%q must come by CBOR", operation)
	}
	return nil
}
