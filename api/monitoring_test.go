package api

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestAlarmsMonitorTheStacksOwnResources(t *testing.T) {
	r := build(t, full(t))
	function := map[string]any{"FunctionName": testName + "-function"}
	for alarm, want := range map[string]map[string]any{
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
		"copies-files":      {"SourceBucket": "files", "DestinationBucket": "copies", "RuleId": "rule"},
		"copies-database":   {"BackupVaultName": "vault"},
	} {
		t.Run(alarm, func(t *testing.T) {
			if got := r.Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-"+alarm).Inputs["dimensions"]; !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestTheRunbookHasASectionForEveryAlarm(t *testing.T) {
	book, err := os.ReadFile("../docs/how-to/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for _, line := range strings.Split(string(book), "\n") {
		if name, ok := strings.CutPrefix(line, "## `"); ok {
			sections[strings.TrimSuffix(name, "`")] = true
		}
	}
	names := map[string]bool{"customer-impact": true, "logs-are-silent": true}
	for _, alarm := range build(t, tokens(t)).OfType("aws:cloudwatch/metricAlarm:MetricAlarm") {
		name := strings.TrimPrefix(alarm.Name, testName+"-")
		switch {
		case strings.HasPrefix(name, "latency-"):
			name = "latency" // and the operation
		case strings.HasPrefix(name, "availability-"):
			name = name[:strings.LastIndex(name, "-")] // and the window
		}
		// Those of single nodes end in the node's number.
		names[strings.TrimRight(name, "-0123456789")] = true
	}
	for name := range names {
		if !sections[name] {
			t.Errorf("the alarm %s has no section in docs/how-to/runbook.md: add \"## `%s`\" with what an operator does when it enters ALARM", name, name)
		}
	}
	for name := range sections {
		if !names[name] {
			t.Errorf("docs/how-to/runbook.md has a section `%s`, and no alarm has that name: rename or delete the section", name)
		}
	}
}
