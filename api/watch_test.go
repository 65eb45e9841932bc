package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestAlarms(t *testing.T) {
	r := build(t, full())
	topic := "arn:aws:sns:eu-west-1:123456789012:" + room + "-alarms"
	stage := map[string]any{"ApiName": room + "-rest", "Stage": "test"}
	reads := map[string]any{"ApiName": room + "-rest", "Stage": "test", "Resource": "/items/{id}", "Method": "GET"}
	function := map[string]any{"FunctionName": room + "-function"}
	proxy := map[string]any{"ProxyName": "proxy", "TargetGroup": "default", "TargetRole": "READ_WRITE"}
	type watched struct {
		namespace, metric, stat string
		dimensions              map[string]any
		threshold               float64
	}
	want := map[string]watched{
		"5xx":               {"AWS/ApiGateway", "5XXError", "Average", stage, 0.01},
		"latency":           {"AWS/ApiGateway", "Latency", "p99", reads, 1000},
		"throttles":         {"AWS/Lambda", "Throttles", "Sum", function, 0},
		"function-errors":   {"AWS/Lambda", "Errors", "Sum", function, 0},
		"error-lines":       {"didomi-test-api", "ErrorLines", "Sum", nil, 5},
		"proxy-connections": {"AWS/RDS", "DatabaseConnectionsBorrowLatency", "Average", proxy, 100_000},
		"cluster-capacity":  {"AWS/RDS", "ACUUtilization", "Average", map[string]any{"DBClusterIdentifier": "cluster"}, 90},
		"replica-lag":       {"AWS/RDS", "AuroraReplicaLag", "Maximum", map[string]any{"DBClusterIdentifier": "cluster", "Role": "READER"}, 1000},
	}
	for i, node := range []string{"cache-0001-001", "cache-0001-002", "cache-0002-001", "cache-0002-002"} {
		dimensions := map[string]any{"CacheClusterId": node}
		want[fmt.Sprintf("cache-memory-%d", i+1)] = watched{"AWS/ElastiCache", "DatabaseMemoryUsagePercentage", "Maximum", dimensions, 80}
		want[fmt.Sprintf("cache-evictions-%d", i+1)] = watched{"AWS/ElastiCache", "Evictions", "Sum", dimensions, 100}
	}
	alarms := r.OfType("aws:cloudwatch/metricAlarm:MetricAlarm")
	if len(alarms) != len(want) {
		t.Errorf("%d alarms, want %d", len(alarms), len(want))
	}
	for name, w := range want {
		t.Run(name, func(t *testing.T) {
			in := r.Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", room+"-"+name).Inputs
			stat := in["statistic"]
			if stat == nil {
				stat = in["extendedStatistic"]
			}
			dimensions, _ := in["dimensions"].(map[string]any)
			got := watched{in["namespace"].(string), in["metricName"].(string), stat.(string), dimensions, in["threshold"].(float64)}
			if len(got.dimensions) == 0 {
				got.dimensions = nil
			}
			if !reflect.DeepEqual(got, w) {
				t.Errorf("%v, want %v", got, w)
			}
			for _, action := range []string{"alarmActions", "okActions"} {
				if !reflect.DeepEqual(in[action], []any{topic}) {
					t.Errorf("%s %v, want the topic", action, in[action])
				}
			}
			if in["datapointsToAlarm"].(float64) > in["evaluationPeriods"].(float64) || in["treatMissingData"] != "notBreaching" {
				t.Errorf("%v of %v, missing data is %v", in["datapointsToAlarm"], in["evaluationPeriods"], in["treatMissingData"])
			}
			if text, _ := in["alarmDescription"].(string); !strings.Contains(text, ". ") {
				t.Errorf("%q does not say what to do", text)
			}
		})
	}
}

func TestTopic(t *testing.T) {
	r := build(t, full())
	t.Run("it is encrypted with the operations' key", func(t *testing.T) {
		topic := r.Find(t, "aws:sns/topic:Topic", room+"-alarms").Inputs
		if got := topic["kmsMasterKeyId"]; got != "arn:operations" {
			t.Errorf("key %v", got)
		}
	})
	t.Run("only this account's alarms publish to it", func(t *testing.T) {
		p := statements(t, r.Find(t, "aws:sns/topicPolicy:TopicPolicy", room+"-alarms-policy").Inputs["policy"])
		for _, s := range p {
			condition := map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}}
			if !reflect.DeepEqual(s.Principal, map[string]any{"Service": "cloudwatch.amazonaws.com"}) || !reflect.DeepEqual(s.Condition, condition) {
				t.Errorf("%v", s)
			}
		}
	})
	t.Run("every configured address hears of it", func(t *testing.T) {
		subscription := r.OfType("aws:sns/topicSubscription:TopicSubscription")[0].Inputs
		if subscription["endpoint"] != "ops@example.com" || subscription["protocol"] != "email" {
			t.Errorf("%v", subscription)
		}
	})
}

func TestLogs(t *testing.T) {
	r := build(t, full())
	for _, group := range r.OfType("aws:cloudwatch/logGroup:LogGroup") {
		if group.Inputs["retentionInDays"] != 30.0 || group.Inputs["kmsKeyId"] != "arn:operations" {
			t.Errorf("%s: %v days under %v, want 30 under the operations' key", group.Name, group.Inputs["retentionInDays"], group.Inputs["kmsKeyId"])
		}
	}
	execution := r.Find(t, "aws:cloudwatch/logGroup:LogGroup", room+"-execution-log")
	if want := "API-Gateway-Execution-Logs_" + room + "-rest-id/test"; execution.Inputs["name"] != want {
		t.Errorf("API Gateway's own group is %v, want %s", execution.Inputs["name"], want)
	}
	filter := r.Find(t, "aws:cloudwatch/logMetricFilter:LogMetricFilter", room+"-error-lines").Inputs
	if filter["logGroupName"] != room+"-function-log-1a2b3c4" || filter["pattern"] != `{ $.level = "ERROR" }` {
		t.Errorf("error lines are %v in %v", filter["pattern"], filter["logGroupName"])
	}
}

// TestDashboard reads the board as a person does: left to right along a request's way.
func TestDashboard(t *testing.T) {
	in := build(t, full()).Find(t, "aws:cloudwatch/dashboard:Dashboard", room+"-dashboard").Inputs
	if in["dashboardName"] != room {
		t.Errorf("name %v, want one of the stack's own", in["dashboardName"])
	}
	var board struct {
		Widgets []struct {
			X, Y, Width, Height int
			Properties          struct {
				Title   string
				Region  string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(in["dashboardBody"].(string)), &board); err != nil {
		t.Fatal(err)
	}
	columns := map[int]string{0: "Door", 6: "Function", 12: "Cache", 18: "Database Proxy"}
	taken := map[string]string{}
	for _, w := range board.Widgets {
		kind, _, _ := strings.Cut(w.Properties.Title, ":")
		if !strings.Contains(columns[w.X], kind) {
			t.Errorf("%q is at %d", w.Properties.Title, w.X)
		}
		place := fmt.Sprint(w.X, ",", w.Y)
		if taken[place] != "" {
			t.Errorf("%q lies on %q", w.Properties.Title, taken[place])
		}
		taken[place] = w.Properties.Title
		if w.Properties.Region != "eu-west-1" || len(w.Properties.Metrics) == 0 {
			t.Errorf("%q shows %v of %s", w.Properties.Title, w.Properties.Metrics, w.Properties.Region)
		}
	}
	if len(board.Widgets) != 8 {
		t.Errorf("%d widgets, want 8", len(board.Widgets))
	}
	want := []any{"AWS/ApiGateway", "Count", "ApiName", room + "-rest", "Stage", "test", map[string]any{"stat": "Sum"}}
	if got := board.Widgets[0].Properties.Metrics[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("first line %v, want %v", got, want)
	}
}
