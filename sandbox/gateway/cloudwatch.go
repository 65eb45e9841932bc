package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

const cloudwatchPath = "/service/GraniteServiceVersion20100801/operation/"

func (g *Gateway) cloudwatchCalls() map[string]handler {
	return map[string]handler{
		"POST " + cloudwatchPath + "PutCompositeAlarm": bounded("monitoring:PutCompositeAlarm", (*exchange).forward),
		"POST " + cloudwatchPath + "PutDashboard":      bounded("monitoring:PutDashboard", withinWidgets((*exchange).forward)),
		"POST " + cloudwatchPath + "PutMetricAlarm":    bounded("monitoring:PutMetricAlarm", after(rememberAlarm)),
		"POST " + cloudwatchPath + "DescribeAlarms":    after(showAlarms),
	}
}

// The members of a metric alarm that the emulator takes and does not answer.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
var alarmMembers = []string{"EvaluateLowSampleCountPercentile", "Metrics", "ThresholdMetricId"}

func alarmKey(name string) string { return "cloudwatch:alarm/" + name }

// rememberAlarm keeps what the emulator drops of PutMetricAlarm, and whether
// the alarm has a plain statistic at all.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func rememberAlarm(x *exchange) error {
	if !isCBOR(x.r.Header) {
		return nil
	}
	alarm, err := decodeMap(x.body)
	if err != nil {
		return err
	}
	members := map[string]any{"Statistic": nil}
	for _, name := range append([]string{"Statistic"}, alarmMembers...) {
		if value, ok := alarm[name]; ok {
			members[name] = value
			continue
		}
		members[name] = nil
	}
	name, _ := alarm["AlarmName"].(cbor.String)
	members["AlarmName"] = name
	x.g.fields.set(alarmKey(string(name)), members)
	return nil
}

// showAlarms answers the remembered members, and no statistic for an alarm on
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
	x.answer = cbor.Encode(answer)
	return nil
}

func (g *Gateway) showAlarm(alarm cbor.Map) {
	name, _ := alarm["AlarmName"].(cbor.String)
	remembered := g.fields.get(alarmKey(string(name)))
	if remembered == nil {
		return
	}
	if remembered["Statistic"] == nil {
		delete(alarm, "Statistic")
	}
	for _, member := range alarmMembers {
		if value, ok := remembered[member].(cbor.Value); ok {
			alarm[member] = value
		}
	}
}

func isCBOR(header http.Header) bool {
	return strings.HasPrefix(header.Get("Content-Type"), "application/cbor")
}

func decodeMap(data []byte) (cbor.Map, error) {
	value, err := cbor.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("decode CBOR: %w", err)
	}
	object, ok := value.(cbor.Map)
	if !ok {
		return nil, errors.New("decode CBOR: not a map")
	}
	return object, nil
}
