// Package cloudwatch corrects the emulator's CloudWatch API.
package cloudwatch

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// Path is the prefix of the operation in the path of a CBOR call.
const Path = "/service/GraniteServiceVersion20100801/operation/"

// service corrects CloudWatch.
type service struct {
	*call.Account
	store    *metrics.Store
	measured func([]metrics.Datum)
}

// New returns the corrected calls of CloudWatch, which reads metrics from the store. measured is called with the metrics
// that a caller has put.
func New(a *call.Account, store *metrics.Store, measured func([]metrics.Datum)) call.Service {
	s := &service{Account: a, store: store, measured: measured}
	onMetrics := map[string]call.Handler{
		"PutMetricData": call.WithBody(s.putMetricData), "GetMetricData": call.Instead(s.getMetricData),
		"GetMetricStatistics": call.Instead(s.getMetricStatistics), "ListMetrics": call.Instead(s.listMetrics),
	}
	return call.Service{
		Name: "monitoring", Bounds: bounds, Ambiguous: ambiguous,
		Encoded: func(r *http.Request) bool { return r.URL.Path == Path+"PutMetricData" },
		Match: func(r *http.Request) call.Handler {
			if operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target); ok {
				return onMetrics[operation]
			}
			return nil
		},
		Paths: map[string]call.Handler{
			"POST " + Path + "PutMetricData":       onMetrics["PutMetricData"],
			"POST " + Path + "GetMetricData":       onMetrics["GetMetricData"],
			"POST " + Path + "GetMetricStatistics": onMetrics["GetMetricStatistics"],
			"POST " + Path + "ListMetrics":         onMetrics["ListMetrics"],
			"POST " + Path + "PutCompositeAlarm":   call.Bounded(bounds["PutCompositeAlarm"], rejectInvalidAlarm(compositeAlarmRules, call.After(storeMembers(compositeKey, compositeMembers...)))),
			"POST " + Path + "ListDashboards":      call.After(listDashboards),
			"POST " + Path + "PutDashboard":        call.Bounded(bounds["PutDashboard"], limitWidgets((*call.Exchange).Forward)),
			"POST " + Path + "PutMetricAlarm":      call.Bounded(bounds["PutMetricAlarm"], rejectInvalidAlarm(metricAlarmRules, call.After(storeMembers(alarmKey, append([]string{"Statistic", "Period"}, alarmMembers...)...)))),
			"POST " + Path + "DescribeAlarms":      call.After(s.describeAlarms),
		},
	}
}

// alarmMembers are the members of a metric alarm that the emulator accepts and does not return.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
var alarmMembers = []string{"EvaluateLowSampleCountPercentile", "Metrics", "ThresholdMetricId"}

// compositeMembers are the members of a composite alarm that the emulator accepts and does not return.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_CompositeAlarm.html
var compositeMembers = []string{"ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"}

func alarmKey(name string) string     { return "cloudwatch:alarm/" + name }
func compositeKey(name string) string { return "cloudwatch:composite/" + name }

// storeMembers stores these members of an alarm, which the emulator drops; nil for those that it lacks.
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

// membersOf returns these members of an alarm; nil for those that it lacks.
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

// describeAlarms adds the stored members of both kinds of alarm. It removes the statistic of an alarm on a
// percentile or on an expression, for which the emulator returns "Average".
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
	stored := s.Fields.Get(alarmKey(stringMember(alarm, "AlarmName")))
	if stored == nil {
		return
	}
	// The emulator gives both to an alarm on an expression, too.
	for _, member := range []string{"Statistic", "Period"} {
		if stored[member] == nil {
			delete(alarm, member)
		}
	}
	putMembers(alarm, stored, alarmMembers)
}

func putMembers(alarm cbor.Map, stored map[string]any, members []string) {
	for _, member := range members {
		if value, ok := stored[member].(cbor.Value); ok {
			alarm[member] = value
		}
	}
}

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"PutMetricAlarm":    call.BoundOf("ValidationError", "AlarmName", 255, nil).And("AlarmDescription", 1024, nil),
	"PutCompositeAlarm": call.BoundOf("ValidationError", "AlarmName", 255, nil).And("AlarmRule", 10240, nil),
	"PutDashboard":      call.BoundOf("InvalidParameterInput", "DashboardName", 255, call.WordDash),
}

// metricOperations are those on metrics, which the gateway serves in CBOR and in JSON.
var metricOperations = []string{"PutMetricData", "GetMetricData", "GetMetricStatistics", "ListMetrics"}

// ambiguous rejects a call that the gateway does not parse. It checks alarms and dashboards in CBOR, which the SDKs
// use, so it accepts them in CBOR only.
func ambiguous(r *http.Request) error {
	target := r.Header.Get("X-Amz-Target")
	if operation, ok := strings.CutPrefix(r.URL.EscapedPath(), Path); ok {
		if strings.Contains(operation, "/") || r.Method != http.MethodPost || !call.IsCBOR(r.Header) || target != "" || call.HasAction(r) {
			return errors.New("the path of an operation requires a POST of CBOR, without X-Amz-Target and Action")
		}
		return nil
	}
	if r.URL.Path != "/" || target != "" && call.HasAction(r) {
		return errors.New("it has neither the path of an operation nor the form of the Query or JSON protocol")
	}
	_, operation, _ := strings.Cut(target, ".")
	if target == "" {
		form, err := call.ParseForm(r)
		if err != nil {
			return err
		}
		operation = form.Get("Action")
	}
	switch {
	case slices.Contains(metricOperations, operation) && target == "":
		return fmt.Errorf("%q must be in CBOR or JSON", operation)
	case strings.HasPrefix(operation, "Put") && !slices.Contains(metricOperations, operation):
		return fmt.Errorf("%q must be in CBOR", operation)
	}
	return nil
}
