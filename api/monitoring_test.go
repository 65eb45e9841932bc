package api

import (
	"reflect"
	"testing"
)

func TestAlarmsMonitorTheStacksOwnResources(t *testing.T) {
	r := build(t, full(t))
	function := map[string]any{"FunctionName": testName + "-function"}
	for alarm, want := range map[string]map[string]any{
		"5xx":               {"ApiName": testName + "-rest", "Stage": "test"},
		"latency-readBook":  {"ApiName": testName + "-rest", "Stage": "test", "Resource": "/books/{id}", "Method": "GET"},
		"throttles":         function,
		"version-errors":    {"FunctionName": testName + "-function", "Resource": testName + "-function:live", "ExecutedVersion": "7"},
		"rotation":          {"FunctionName": testName + "-rotate"},
		"cache-rotation":    {"FunctionName": testName + "-cache-user"},
		"no-access-log":     {"LogGroupName": testName + "-access-log-1a2b3c4"},
		"no-function-log":   {"LogGroupName": testName + "-function-log-1a2b3c4"},
		"waf-rate":          {"WebACL": testName + "-waf", "Rule": "rate", "Region": "eu-west-1"},
		"proxy-connections": {"ProxyName": "proxy"},
		"replica-lag":       {"DBClusterIdentifier": "cluster", "Role": "READER"},
		"cache-memory-4":    {"CacheClusterId": "cache-0003-002", "CacheNodeId": "0001"},
	} {
		t.Run(alarm, func(t *testing.T) {
			if got := r.Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-"+alarm).Inputs["dimensions"]; !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
