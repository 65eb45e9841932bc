package audit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// soundAlarm adds an alarm that meets every rule, with some inputs changed.
func (s stack) soundAlarm(name string, changed map[string]any) *graph.Resource {
	inputs := map[string]any{
		"name": "didomi-prod-api-" + name, "namespace": "AWS/Lambda", "metricName": "Errors", "statistic": "Sum",
		"dimensions": map[string]any{"FunctionName": "f"}, "period": 60.0, "evaluationPeriods": 5.0,
		"treatMissingData": "notBreaching", "actionsEnabled": true, "alarmActions": []any{"arn:aws:sns:eu-west-1:000000000000:didomi-prod-api-warnings"},
		"tagsAll": s.one(types.Topic, "").Inputs["tagsAll"],
	}
	for key, value := range changed {
		inputs[key] = value
	}
	return s.add(types.MetricAlarm, "didomi-prod-api-"+name, inputs)
}

// alarm is an example of one alarm with some inputs changed.
func alarm(changed map[string]any, want ...string) example {
	for i := range want {
		want[i] = "api-a: " + want[i]
	}
	return example{func(s stack) { s.soundAlarm("a", changed) }, want}
}

// composite adds a composite alarm by its rule; %s is the start of the alarms' names.
func (s stack) composite(rule string, changed map[string]any) {
	inputs := map[string]any{
		"alarmName": "didomi-prod-api-both", "alarmRule": strings.ReplaceAll(rule, "%s", "didomi-prod-api-"), "actionsEnabled": true,
		"alarmActions": []any{s.one(types.Topic, "").ID},
		"tagsAll":      s.one(types.Topic, "").Inputs["tagsAll"],
	}
	for key, value := range changed {
		inputs[key] = value
	}
	s.add(types.CompositeAlarm, "didomi-prod-api-both", inputs)
}

func TestAlarmsThatCanEnterAndLeaveALARMAndNotify(t *testing.T) {
	latency := map[string]any{
		"namespace": "AWS/ApiGateway", "metricName": "Latency", "statistic": nil, "extendedStatistic": "p99",
		"dimensions": map[string]any{"ApiName": "a", "Stage": "prod"}, "evaluateLowSampleCountPercentiles": "evaluate",
	}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{}
		for _, m := range []map[string]any{latency, more} {
			for key, value := range m {
				all[key] = value
			}
		}
		return all
	}
	check(t, "alarms", map[string]example{
		"a sound alarm":      alarm(nil),
		"a sound percentile": alarm(latency),
		"a percentile that keeps its state with few samples": alarm(with(map[string]any{"evaluateLowSampleCountPercentiles": "ignore"}),
			"keeps its state while there are under 1000 samples in its periods of 60 seconds, which p99 needs"),
		"a median that keeps its state with few samples": alarm(with(map[string]any{"extendedStatistic": "p50", "evaluateLowSampleCountPercentiles": "ignore"}),
			"keeps its state while there are under 20 samples in its periods of 60 seconds, which p50 needs"),
		"an alarm that waits for data":               alarm(map[string]any{"treatMissingData": nil}, "waits in INSUFFICIENT_DATA while its metric is silent"),
		"an alarm that misses data":                  alarm(map[string]any{"treatMissingData": "missing"}, "waits in INSUFFICIENT_DATA while its metric is silent"),
		"an alarm that keeps its state without data": alarm(map[string]any{"treatMissingData": "ignore"}, "keeps its state while its metric is silent"),
		"an alarm without actions":                   alarm(map[string]any{"alarmActions": nil}, "enters ALARM and notifies no one"),
		"an alarm whose actions are off":             alarm(map[string]any{"actionsEnabled": false}, "enters ALARM and executes no action"),
		"an alarm that notifies at its creation": alarm(map[string]any{"okActions": []any{"arn:aws:sns:eu-west-1:000000000000:didomi-prod-api-warnings"}},
			"notifies that it is OK when it is created: INSUFFICIENT_DATA to OK is a change like any other"),
		"an alarm without actions in a composite one": {func(s stack) {
			s.soundAlarm("a", map[string]any{"alarmActions": nil})
			s.soundAlarm("b", map[string]any{"alarmActions": nil})
			s.composite(`ALARM("%sa") OR ALARM("%sb")`, nil)
		}, nil},
		"a composite alarm without actions": {func(s stack) {
			s.soundAlarm("a", nil)
			s.composite(`ALARM("%sa")`, map[string]any{"alarmActions": nil})
		}, []string{"api-both: enters ALARM and notifies no one"}},
		"a composite alarm that waits for two": {func(s stack) {
			s.soundAlarm("a", nil)
			s.soundAlarm("b", nil)
			s.composite(`ALARM("%sa") AND OK("%sb")`, nil)
		}, []string{`api-both: does not enter ALARM with each of its alarms: ALARM("didomi-prod-api-a") AND OK("didomi-prod-api-b")`}},
		"a composite alarm that waits for two windows": {func(s stack) {
			s.soundAlarm("a", map[string]any{"alarmActions": nil})
			s.soundAlarm("b", map[string]any{"alarmActions": nil, "period": 300.0})
			s.composite(`ALARM("%sa") AND ALARM("%sb")`, nil)
		}, nil},
		"a composite alarm that waits for two metrics": {func(s stack) {
			s.soundAlarm("a", nil)
			s.soundAlarm("b", map[string]any{"metricName": "Throttles", "period": 300.0})
			s.composite(`ALARM("%sa") AND ALARM("%sb")`, nil)
		}, []string{`api-both: does not enter ALARM with each of its alarms: ALARM("didomi-prod-api-a") AND ALARM("didomi-prod-api-b")`}},
		"a composite alarm without actions in another one": {func(s stack) {
			s.soundAlarm("a", nil)
			s.composite(`ALARM("%sa")`, map[string]any{"alarmActions": nil})
			s.add(types.CompositeAlarm, "didomi-prod-api-all", map[string]any{
				"alarmName": "didomi-prod-api-all", "alarmRule": `ALARM("didomi-prod-api-both")`, "actionsEnabled": true,
				"alarmActions": []any{s.one(types.Topic, "").ID}, "tagsAll": s.one(types.Topic, "").Inputs["tagsAll"],
			})
		}, nil},
		"a composite alarm on one that is not there": {func(s stack) { s.composite(`ALARM("%sgone")`, nil) },
			[]string{"api-both: waits for the alarm didomi-prod-api-gone, which is not the stack's"}},
	})
}

func TestAlarmsWatchWhatAWSPublishes(t *testing.T) {
	watching := func(metric, statistic string, dimensions ...string) map[string]any {
		namespace, name, _ := strings.Cut(metric, " ")
		by := map[string]any{}
		for _, d := range dimensions {
			by[d] = "x"
		}
		return map[string]any{"namespace": namespace, "metricName": name, "statistic": statistic, "dimensions": by}
	}
	nothing := func(metric, by string) string {
		return fmt.Sprintf("watches %s by %s, under which AWS publishes nothing, or a mean that hides the full instance", metric, by)
	}
	check(t, "alarms", map[string]example{
		"a version behind an alias":         alarm(watching("AWS/Lambda Errors", "Sum", "FunctionName", "Resource", "ExecutedVersion")),
		"a version behind no alias":         alarm(watching("AWS/Lambda Errors", "Sum", "FunctionName", "ExecutedVersion"), nothing("AWS/Lambda Errors", "ExecutedVersion, FunctionName")),
		"a method without its stage":        alarm(watching("AWS/ApiGateway 5XXError", "Average", "ApiName", "Method"), nothing("AWS/ApiGateway 5XXError", "ApiName, Method")),
		"a writer":                          alarm(watching("AWS/RDS ACUUtilization", "Maximum", "DBClusterIdentifier", "Role")),
		"a mean over writer and readers":    alarm(watching("AWS/RDS ACUUtilization", "Average", "DBClusterIdentifier"), nothing("AWS/RDS ACUUtilization", "DBClusterIdentifier")),
		"a mean over readers":               alarm(watching("AWS/RDS ACUUtilization", "Average", "DBClusterIdentifier", "Role"), "watches the Average of AWS/RDS ACUUtilization, which does not say what the alarm is for"),
		"a group of nodes":                  alarm(watching("AWS/ElastiCache Evictions", "Sum", "ReplicationGroupId"), nothing("AWS/ElastiCache Evictions", "ReplicationGroupId")),
		"a web ACL without its region":      alarm(watching("AWS/WAFV2 BlockedRequests", "Sum", "Rule", "WebACL"), nothing("AWS/WAFV2 BlockedRequests", "Rule, WebACL")),
		"a replication's rule":              alarm(watching("AWS/S3 OperationsFailedReplication", "Sum", "DestinationBucket", "RuleId", "SourceBucket")),
		"a replication without its rule":    alarm(watching("AWS/S3 OperationsFailedReplication", "Sum", "SourceBucket"), nothing("AWS/S3 OperationsFailedReplication", "SourceBucket")),
		"a vault's copy jobs":               alarm(watching("AWS/Backup NumberOfCopyJobsCompleted", "Sum", "BackupVaultName")),
		"copy jobs of every vault":          alarm(watching("AWS/Backup NumberOfCopyJobsCompleted", "Sum", "ResourceType"), nothing("AWS/Backup NumberOfCopyJobsCompleted", "ResourceType")),
		"a metric that is not in the table": alarm(watching("AWS/Lambda IteratorAge", "Maximum", "FunctionName"), "watches AWS/Lambda IteratorAge, which ops/audit/alarmtable.go does not list"),
		"a proxy in its unit":               alarm(merge(watching("AWS/RDS DatabaseConnectionsBorrowLatency", "Average", "ProxyName"), map[string]any{"unit": "Microseconds"})),
		"a proxy in another unit":           alarm(merge(watching("AWS/RDS DatabaseConnectionsBorrowLatency", "Average", "ProxyName"), map[string]any{"unit": "Milliseconds"}), "watches AWS/RDS DatabaseConnectionsBorrowLatency in Milliseconds, and AWS publishes it in Microseconds"),
		"a period shorter than a minute":    alarm(map[string]any{"period": 10.0}, "has a period of 10 seconds, and AWS publishes every minute"),
		"an expression":                     alarm(onQuery("AWS/ApiGateway 5XXError", "Sum", "ApiName", "Stage")),
		"an expression on another metric":   alarm(onQuery("AWS/ApiGateway 5XXErrors", "Sum", "ApiName", "Stage"), "watches AWS/ApiGateway 5XXErrors, which ops/audit/alarmtable.go does not list"),
		"an expression by half a dimension": alarm(onQuery("AWS/ApiGateway 5XXError", "Sum", "ApiName"), nothing("AWS/ApiGateway 5XXError", "ApiName")),
		"log lines that no filter counts":   alarm(watching("didomi-prod-api Refusals", "Sum", "Type"), "watches didomi-prod-api Refusals, which no log metric filter counts under these dimensions"),
		"log lines that a filter counts": {func(s stack) {
			s.soundAlarm("a", watching("didomi-prod-api Refusals", "Sum", "Type"))
			s.add(types.LogMetricFilter, "didomi-prod-api-refusals", map[string]any{"metricTransformation": map[string]any{
				"namespace": "didomi-prod-api", "name": "Refusals", "dimensions": map[string]any{"Type": "$.errorType"},
			}})
		}, nil},
	})
}

// onQuery are the inputs of an alarm on metric math.
func onQuery(metric, stat string, dimensions ...string) map[string]any {
	namespace, name, _ := strings.Cut(metric, " ")
	by := map[string]any{}
	for _, d := range dimensions {
		by[d] = "x"
	}
	return map[string]any{"namespace": nil, "metricName": nil, "statistic": nil, "dimensions": nil, "period": nil, "metricQueries": []any{
		map[string]any{"id": "e", "expression": "IF(m > 1, m, 0)", "returnData": true},
		map[string]any{"id": "m", "metric": map[string]any{"namespace": namespace, "metricName": name, "stat": stat, "period": 3600.0, "dimensions": by}},
	}}
}

func merge(one, other map[string]any) map[string]any {
	for key, value := range other {
		one[key] = value
	}
	return one
}

func TestAPreviewKnowsTheAlarmsOfACompositeAlarmByItsDependencies(t *testing.T) {
	s := sound(t)
	child := s.soundAlarm("a", map[string]any{"alarmActions": nil, "name": graph.Unknown}).URN
	s.composite(graph.Unknown, nil)
	if found, _ := Check(s.Graph); len(found) != 1 {
		t.Errorf("found %v, want the alarm that notifies no one", found)
	}
	s.one(types.CompositeAlarm, "-both").PropertyDependencies = map[string][]string{"alarmRule": {child}}
	if found, _ := Check(s.Graph); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func TestTheWebACLAllowsWhatUsagePlansAllow(t *testing.T) {
	acl := func(limit float64, window any) func(stack) {
		return func(s stack) {
			s.add(types.WebACL, "didomi-prod-api-waf", map[string]any{
				"name": "didomi-prod-api-waf", "tagsAll": s.one(types.Topic, "").Inputs["tagsAll"],
				"rules": []any{map[string]any{"name": "rate", "statement": map[string]any{
					"rateBasedStatement": map[string]any{"limit": limit, "evaluationWindowSec": window, "aggregateKeyType": "IP"},
				}}},
			})
			s.add(types.UsagePlan, "didomi-prod-api-plan-partner", map[string]any{
				"tagsAll":          s.one(types.Topic, "").Inputs["tagsAll"],
				"throttleSettings": map[string]any{"rateLimit": 200.0, "burstLimit": 400.0},
			})
		}
	}
	check(t, "firewall", map[string]example{
		"what the plan sells": {acl(60_400, 300.0), nil},
		"a request less": {acl(60_399, 300.0), []string{
			"api-waf: blocks by its rule rate an address with over 60399 requests in 300 seconds, and didomi-prod-api-plan-partner allows a key 60400 of them (200 a second)",
		}},
		"what the plan sells in another window": {acl(12_400, 60.0), nil},
		"the window that WAF takes without one": {acl(2000, nil), []string{
			"api-waf: blocks by its rule rate an address with over 2000 requests in 300 seconds, and didomi-prod-api-plan-partner allows a key 60400 of them (200 a second)",
		}},
	})
}
