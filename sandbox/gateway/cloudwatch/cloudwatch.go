// Package cloudwatch corrects CloudWatch.
package cloudwatch

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// Path precedes an operation in the path of a call by CBOR.
const Path = "/service/GraniteServiceVersion20100801/operation/"

// service is CloudWatch as the gateway corrects it.
type service struct {
	*call.Account
}

// New describes the service for an account.
func New(a *call.Account) call.Service {
	return (&service{Account: a}).calls()
}

func (s *service) calls() call.Service {
	return call.Service{
		Name: "monitoring", Bounds: bounds, Ambiguous: ambiguous,
		Encoded: func(r *http.Request) bool { return r.URL.Path == Path+"PutMetricData" },
		Paths: map[string]call.Handler{
			"POST " + Path + "PutCompositeAlarm": call.Bounded(bounds["PutCompositeAlarm"], rejectInvalidAlarm(compositeAlarmRules, call.After(storeMembers(compositeKey, compositeMembers...)))),
			"POST " + Path + "PutDashboard":      call.Bounded(bounds["PutDashboard"], limitWidgets((*call.Exchange).Forward)),
			"POST " + Path + "PutMetricAlarm":    call.Bounded(bounds["PutMetricAlarm"], rejectInvalidAlarm(metricAlarmRules, call.After(storeMembers(alarmKey, append([]string{"Statistic"}, alarmMembers...)...)))),
			"POST " + Path + "DescribeAlarms":    call.After(s.describeAlarms),
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
func storeMembers(key func(name string) string, names ...string) call.Handler {
	return func(x *call.Exchange) error {
		if !call.IsCBOR(x.Request.Header) {
			return nil
		}
		alarm, err := call.DecodeCBOR(x.Body)
		if err != nil {
			return err
		}
		x.Fields.Set(key(stringMember(alarm, "AlarmName")), membersOf(alarm, append([]string{"AlarmName"}, names...)))
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
func (s *service) describeAlarms(x *call.Exchange) error {
	if !call.IsCBOR(x.Header) {
		return nil
	}
	response, err := call.DecodeCBOR(x.Response)
	if err != nil {
		return err
	}
	alarms, _ := response["MetricAlarms"].(cbor.List)
	for _, item := range alarms {
		if alarm, ok := item.(cbor.Map); ok {
			s.fillMetricAlarm(alarm)
		}
	}
	composites, _ := response["CompositeAlarms"].(cbor.List)
	for _, item := range composites {
		if alarm, ok := item.(cbor.Map); ok {
			putMembers(alarm, x.Fields.Get(compositeKey(stringMember(alarm, "AlarmName"))), compositeMembers)
		}
	}
	x.Response = cbor.Encode(response)
	return nil
}

func (s *service) fillMetricAlarm(alarm cbor.Map) {
	remembered := s.Fields.Get(alarmKey(stringMember(alarm, "AlarmName")))
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

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"PutMetricAlarm":    call.BoundOf("ValidationError", "AlarmName", 255, nil).And("AlarmDescription", 1024, nil),
	"PutCompositeAlarm": call.BoundOf("ValidationError", "AlarmName", 255, nil).And("AlarmRule", 10240, nil),
	"PutDashboard":      call.BoundOf("InvalidParameterInput", "DashboardName", 255, call.WordDash),
}

// ambiguous says why a call to CloudWatch is none that the gateway reads: it checks alarms and dashboards
// by CBOR, as the SDKs make them, so they come by CBOR alone.
func ambiguous(r *http.Request) error {
	target := r.Header.Get("X-Amz-Target")
	if operation, ok := strings.CutPrefix(r.URL.EscapedPath(), Path); ok {
		if strings.Contains(operation, "/") || r.Method != http.MethodPost || !call.IsCBOR(r.Header) || target != "" || call.HasAction(r) {
			return errors.New("a path of an operation takes a POST of CBOR, without X-Amz-Target and Action")
		}
		return nil
	}
	if r.URL.Path != "/" || target != "" && call.HasAction(r) {
		return errors.New("it has no path of an operation, and is none of the Query or JSON protocol either")
	}
	_, operation, _ := strings.Cut(target, ".")
	if target == "" {
		form, err := call.ParseForm(r)
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
