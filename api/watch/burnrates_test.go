package watch

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

// https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
func TestABurnRateIsExceededInBothItsWindows(t *testing.T) {
	r := build(t, full())
	for name, want := range map[string]struct {
		windows   map[string]float64 // with their seconds, the long one first
		threshold float64
	}{
		"availability-fast": {map[string]float64{"1h": 3600, "5m": 300}, 0.0144},
		"availability-slow": {map[string]float64{"6h": 21600, "30m": 1800}, 0.006},
	} {
		t.Run(name, func(t *testing.T) {
			composite := r.Find(t, "aws:cloudwatch/compositeAlarm:CompositeAlarm", testName+"-"+name).Inputs
			if composite["alarmName"] != testName+"-"+name || composite["alarmActions"] != nil || composite["okActions"] != nil {
				t.Errorf("%v, want no action: it pages through customer-impact", composite)
			}
			for window, seconds := range want.windows {
				if rule := composite["alarmRule"].(string); !strings.Contains(rule, `ALARM("`+testName+"-"+name+"-"+window+`-1a2b3c4")`) || strings.Count(rule, " AND ") != 1 {
					t.Errorf("the rule is %s", rule)
				}
				in := r.Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-"+name+"-"+window).Inputs
				for key, value := range map[string]any{
					"threshold": want.threshold, "comparisonOperator": "GreaterThanThreshold", "treatMissingData": "notBreaching",
					"evaluationPeriods": 1.0, "datapointsToAlarm": 1.0, "alarmActions": nil, "metricName": nil, "period": nil,
				} {
					if !reflect.DeepEqual(in[key], value) {
						t.Errorf("%s of %s is %v, want %v", key, window, in[key], value)
					}
				}
				checkQueries(t, in["metricQueries"], seconds, strings.HasSuffix(window, "h"))
			}
		})
	}
}

// checkQueries expects the mean of 5xx over the window, in a long one if at least five requests failed: one of three does
// not count. A window without requests is 0.
func checkQueries(t *testing.T, queries any, seconds float64, long bool) {
	t.Helper()
	metric := func(id, stat string) map[string]any {
		return map[string]any{"id": id, "returnData": false, "metric": map[string]any{
			"namespace": "AWS/ApiGateway", "metricName": "5XXError", "dimensions": map[string]any{"ApiName": testName + "-rest", "Stage": "test"},
			"period": seconds, "stat": stat,
		}}
	}
	want := []any{map[string]any{"id": "counted", "returnData": true, "expression": "FILL(rate, 0)", "label": "Rate"}, metric("rate", "Average")}
	if long {
		want = []any{
			map[string]any{"id": "counted", "returnData": true, "expression": "IF(FILL(failed, 0) >= 5, rate, 0)", "label": "Rate, if at least 5 failed"},
			metric("failed", "Sum"), metric("rate", "Average"),
		}
	}
	if !reflect.DeepEqual(queries, want) {
		t.Errorf("it is on\n%v, want\n%v", queries, want)
	}
}

func TestAThresholdIsTheBurnRateOfTheObjective(t *testing.T) {
	for objective, want := range map[float64][2]float64{99: {0.144, 0.06}, 99.5: {0.072, 0.03}, 99.99: {0.00144, 0.0006}, LeastObjective: {0.72, 0.3}} {
		args := full()
		args.Settings.Objective = objective
		r := build(t, args)
		for i, name := range []string{"availability-fast-1h", "availability-slow-6h"} {
			if got := r.Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-"+name).Inputs["threshold"]; got != want[i] {
				t.Errorf("objective %v: %s is above %v, want %v", objective, name, got, want[i])
			}
		}
	}
}

func TestTheDashboardShowsTheErrorBudget(t *testing.T) {
	body := dashboardOf(t, build(t, full()))
	for _, want := range []string{
		`"title":"Objective: 99.9 % of the requests of 30 days without 5xx"`, `"setPeriodToTimeRange":true,"start":"-P30D"`,
		`[{"expression":"100 * (1 - rate)","id":"available","label":"availability (%)"}]`,
		`[{"expression":"100 * (1 - rate / 0.001)","id":"left","label":"error budget left (%)"}]`,
		`["AWS/ApiGateway","5XXError","ApiName","` + testName + `-rest","Stage","test",{"id":"rate","stat":"Average","visible":false}]`,
		`[{"expression":"rate5m / 0.001","id":"burn5m","label":"burn rate of 5m"}]`, `{"id":"rate30m","period":1800,"stat":"Average","visible":false}`,
		`"annotations":{"horizontal":[{"label":"availability-fast","value":14.4},{"label":"availability-slow","value":6}]}`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}

// dashboardOf returns the body of the dashboard with sorted members.
func dashboardOf(t *testing.T, r *mocks.Recorder) string {
	t.Helper()
	var body any
	if err := json.Unmarshal([]byte(r.Find(t, "aws:cloudwatch/dashboard:Dashboard", testName+"-dashboard").Inputs["dashboardBody"].(string)), &body); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}
