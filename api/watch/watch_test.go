package watch

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/api/internal/component/componenttest"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestAlarms(t *testing.T) {
	r := build(t, full())
	warnings := "arn:aws:sns:eu-west-1:123456789012:" + testName + "-warnings"
	of := func(method string) map[string]any {
		return map[string]any{"ApiName": testName + "-rest", "Stage": "test", "Resource": "/books/{id}", "Method": method}
	}
	function := map[string]any{"FunctionName": testName + "-function"}
	proxy := map[string]any{"ProxyName": "proxy"}
	newest := map[string]any{"FunctionName": testName + "-function", "Resource": testName + "-function:live", "ExecutedVersion": "7"}
	role := func(role string) map[string]any {
		return map[string]any{"DBClusterIdentifier": "cluster", "Role": role}
	}
	log := func(suffix string) map[string]any {
		return map[string]any{"LogGroupName": testName + "-" + suffix + "-log-1a2b3c4"}
	}
	type watched struct {
		namespace, metric, stat string
		dimensions              map[string]any
		threshold               float64
		actions                 any
	}
	// Alarms that act through a composite one have no actions.
	var symptom, component any
	warning := any([]any{warnings})
	want := map[string]watched{
		"latency-readBook":      {"AWS/ApiGateway", "Latency", "p99", of("GET"), 500, symptom},
		"latency-writeBook":     {"AWS/ApiGateway", "Latency", "p99", of("PUT"), 2500, symptom},
		"throttles":             {"AWS/Lambda", "Throttles", "Sum", function, 0, symptom},
		"function-errors":       {"AWS/Lambda", "Errors", "Sum", function, 0, warning},
		"stale":                 {"didomi-test-api", "CacheAnswers", "Sum", map[string]any{"Result": "stale"}, 60, warning},
		"throttled-requests":    {"didomi-test-api", "Refusals-THROTTLED", "Sum", nil, 60, warning},
		"authorizer":            {"didomi-test-api", "Refusals-AUTHORIZER_FAILURE", "Sum", nil, 0, warning},
		"provisioned-spillover": {"AWS/Lambda", "ProvisionedConcurrencySpilloverInvocations", "Sum", function, 0, warning},
		"version-errors":        {"AWS/Lambda", "Errors", "Sum", newest, 0, warning},
		"waf-blocked":           {"didomi-test-api", "Refusals-WAF_FILTERED", "Sum", nil, 10, warning},
		"waf-rate":              {"AWS/WAFV2", "BlockedRequests", "Sum", map[string]any{"WebACL": testName + "-waf", "Rule": "rate", "Region": "eu-west-1"}, 0, warning},
		"no-requests":           {"AWS/Lambda", "Invocations", "Sum", function, 1, warning},
		"no-access-log":         {"AWS/Logs", "IncomingLogEvents", "Sum", log("access"), 1, component},
		"no-function-log":       {"AWS/Logs", "IncomingLogEvents", "Sum", log("function"), 1, component},
		"error-lines":           {"didomi-test-api", "ErrorLines", "Sum", nil, 5, warning},
		"proxy-connections":     {"AWS/RDS", "DatabaseConnectionsBorrowLatency", "Average", proxy, 100_000, warning},
		"cluster-capacity":      {"AWS/RDS", "ACUUtilization", "Maximum", role("WRITER"), 90, warning},
		"reader-capacity":       {"AWS/RDS", "ACUUtilization", "Maximum", role("READER"), 90, warning},
		"rotation":              {"AWS/Lambda", "Errors", "Sum", map[string]any{"FunctionName": testName + "-rotate"}, 0, warning},
		"cache-rotation":        {"AWS/Lambda", "Errors", "Sum", map[string]any{"FunctionName": testName + "-cache-user"}, 0, warning},
		"replica-lag":           {"AWS/RDS", "AuroraReplicaLag", "Maximum", role("READER"), 1000, warning},
		"copies-files":          {"AWS/S3", "OperationsFailedReplication", "Sum", map[string]any{"SourceBucket": "files", "DestinationBucket": "copies", "RuleId": "rule"}, 0, warning},
		"copies-database":       {"AWS/Backup", "NumberOfCopyJobsCompleted", "Sum", map[string]any{"BackupVaultName": "vault"}, 1, warning},
	}
	for i, node := range []string{"cache-0001-001", "cache-0001-002", "cache-0003-001", "cache-0003-002"} {
		dimensions := map[string]any{"CacheClusterId": node, "CacheNodeId": "0001"}
		want[fmt.Sprintf("cache-memory-%d", i+1)] = watched{"AWS/ElastiCache", "DatabaseMemoryUsagePercentage", "Maximum", dimensions, 80, warning}
		want[fmt.Sprintf("cache-evictions-%d", i+1)] = watched{"AWS/ElastiCache", "Evictions", "Sum", dimensions, 100, warning}
	}
	alarms := r.OfType("aws:cloudwatch/metricAlarm:MetricAlarm")
	if len(alarms) != len(want)+2*len(burns) {
		t.Errorf("%d alarms, want %d and two windows of %d burn rates", len(alarms), len(want), len(burns))
	}
	for name, w := range want {
		t.Run(name, func(t *testing.T) {
			in := r.Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-"+name).Inputs
			stat := in["statistic"]
			if stat == nil {
				stat = in["extendedStatistic"]
			}
			dimensions, _ := in["dimensions"].(map[string]any)
			got := watched{in["namespace"].(string), in["metricName"].(string), stat.(string), dimensions, in["threshold"].(float64), in["alarmActions"]}
			if len(got.dimensions) == 0 {
				got.dimensions = nil
			}
			if !reflect.DeepEqual(got, w) {
				t.Errorf("%v, want %v", got, w)
			}
			// INSUFFICIENT_DATA to OK is a change that OK actions are executed for, in every first deployment.
			// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
			if in["okActions"] != nil {
				t.Errorf("its creation is reported to %v", in["okActions"])
			}
			if in["datapointsToAlarm"].(float64) > in["evaluationPeriods"].(float64) {
				t.Errorf("%v of %v", in["datapointsToAlarm"], in["evaluationPeriods"])
			}
			if want := missing(name); in["treatMissingData"] != want {
				t.Errorf("missing data is %v, want %s", in["treatMissingData"], want)
			}
			if below := in["comparisonOperator"] == "LessThanThreshold"; below != (strings.HasPrefix(name, "no-") || name == "copies-database") {
				t.Errorf("it compares by %v", in["comparisonOperator"])
			}
			if text, _ := in["alarmDescription"].(string); !strings.Contains(text, ". ") {
				t.Errorf("%q does not say what to do", text)
			}
		})
	}
}

// missing is how an alarm treats a minute without data. Aurora and ElastiCache publish the metrics above every minute;
// the alarms on too few invocations, log lines or copies enter ALARM without data.
func missing(alarm string) string {
	if strings.HasPrefix(alarm, "no-") || strings.HasPrefix(alarm, "cache-memory") || slices.Contains([]string{"cluster-capacity", "replica-lag", "copies-database"}, alarm) {
		return "breaching"
	}
	return "notBreaching"
}

// "ignore" keeps the alarm's state for as long as there are under 10/(1-p) samples: 1,000 for p99.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
func TestAPercentileAlarmOfFewRequestsCanEnterALARMAndReturnToOK(t *testing.T) {
	in := build(t, full()).Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-latency-readBook").Inputs
	if in["extendedStatistic"] != "p99" || in["evaluateLowSampleCountPercentiles"] != "evaluate" {
		t.Errorf("%v of few samples: %v", in["extendedStatistic"], in["evaluateLowSampleCountPercentiles"])
	}
}

// AWS documents no metrics that a paused instance publishes.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
func TestADatabaseThatPausesMayPublishNoMetrics(t *testing.T) {
	args := full()
	args.Database.Pauses = true
	r := build(t, args)
	for _, name := range []string{"cluster-capacity", "replica-lag"} {
		if got := r.Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-"+name).Inputs["treatMissingData"]; got != "notBreaching" {
			t.Errorf("%s treats missing data as %v", name, got)
		}
	}
}

func TestSilentLogsAreReportedWhileThereAreRequests(t *testing.T) {
	r := build(t, full())
	got := r.Find(t, "aws:cloudwatch/compositeAlarm:CompositeAlarm", testName+"-logs").Inputs
	want := map[string]any{
		"alarmName":        testName + "-logs-are-silent",
		"alarmDescription": got["alarmDescription"],
		"alarmRule":        `ALARM("` + testName + `-no-access-log-1a2b3c4") OR ALARM("` + testName + `-no-function-log-1a2b3c4")`,
		"actionsEnabled":   true, "alarmActions": []any{"arn:aws:sns:eu-west-1:123456789012:" + testName + "-warnings"},
		// Without requests there are no lines: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html
		"actionsSuppressor": map[string]any{"alarm": testName + "-no-requests-1a2b3c4", "waitPeriod": 60.0, "extensionPeriod": 600.0},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	minutes := func(name string) float64 {
		return r.Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-"+name).Inputs["evaluationPeriods"].(float64)
	}
	if requests, access := minutes("no-requests"), minutes("no-access-log"); requests != 60 || access <= requests || access != minutes("no-function-log") {
		t.Errorf("no requests for %v minutes suppresses no lines for %v", requests, access)
	}
}

func TestCustomerImpactPagesOnce(t *testing.T) {
	got := build(t, full()).Find(t, "aws:cloudwatch/compositeAlarm:CompositeAlarm", testName+"-hurt").Inputs
	pages := []any{"arn:aws:sns:eu-west-1:123456789012:" + testName + "-alarms"}
	want := map[string]any{
		"alarmName":        testName + "-customer-impact",
		"alarmDescription": got["alarmDescription"],
		"alarmRule": `ALARM("` + testName + `-availability-fast") OR ALARM("` + testName + `-availability-slow") OR ALARM("` + testName + `-latency-readBook-1a2b3c4") OR ALARM("` +
			testName + `-latency-writeBook-1a2b3c4") OR ALARM("` + testName + `-throttles-1a2b3c4")`,
		"actionsEnabled": true, "alarmActions": pages, "okActions": pages,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Lambda's metrics have the dimension ExecutedVersion only for an alias with weights.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
func TestARolloutWatchesTheNewVersionsErrorsAndCustomerImpact(t *testing.T) {
	for rollout, c := range map[string]struct {
		canary bool
		want   []string
	}{
		"a canary":                    {true, []string{testName + "-version-errors-1a2b3c4", testName + "-customer-impact"}},
		"an alias moved by an update": {false, []string{testName + "-customer-impact"}},
	} {
		t.Run(rollout, func(t *testing.T) {
			args := full()
			args.Function.Canary = c.canary
			var got []string
			componenttest.Build(t, func(ctx *pulumi.Context, b component.Builder) error {
				args.Builder = b
				watch, err := New(ctx, args)
				if err != nil {
					return err
				}
				watch.RolloutAlarms.ApplyT(func(names []string) error {
					got = names
					return nil
				})
				return nil
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestTopics(t *testing.T) {
	r := build(t, full())
	for topic, address := range map[string]string{"alarms": "ops@example.com", "warnings": "team@example.com"} {
		t.Run(topic+" are encrypted with the operations' key", func(t *testing.T) {
			if got := r.Find(t, "aws:sns/topic:Topic", testName+"-"+topic).Inputs["kmsMasterKeyId"]; got != "arn:operations" {
				t.Errorf("key %v", got)
			}
		})
		t.Run(topic+" come from this stack's alarms alone", func(t *testing.T) {
			p := mocks.Statements(t, r.Find(t, "aws:sns/topicPolicy:TopicPolicy", testName+"-"+topic+"-policy").Inputs["policy"])
			for _, s := range p {
				condition := map[string]map[string]any{
					"StringEquals": {"aws:SourceAccount": "123456789012"},
					"ArnLike":      {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:" + testName + "-*"},
				}
				if !reflect.DeepEqual(s.Principal, map[string]any{"Service": "cloudwatch.amazonaws.com"}) || !reflect.DeepEqual(s.Condition, condition) {
					t.Errorf("%v", s)
				}
			}
		})
		t.Run(topic+" are sent to their addresses", func(t *testing.T) {
			got := r.Find(t, "aws:sns/topicSubscription:TopicSubscription", testName+"-"+topic+"-"+address).Inputs
			want := map[string]any{"topic": "arn:aws:sns:eu-west-1:123456789012:" + testName + "-" + topic, "endpoint": address, "protocol": "email"}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestLogLinesAreCounted(t *testing.T) {
	r := build(t, full())
	count := func(name string, more map[string]any) map[string]any {
		m := map[string]any{"namespace": testName, "name": name, "value": "1", "unit": "Count"}
		maps.Copy(m, more)
		return m
	}
	for name, want := range map[string]map[string]any{
		"error-lines": {
			"logGroupName": testName + "-function-log-1a2b3c4", "pattern": `{ $.level = "ERROR" }`,
			"metricTransformation": count("ErrorLines", map[string]any{"defaultValue": "0"}),
		},
		"cache-answers": {
			"logGroupName":         testName + "-function-log-1a2b3c4",
			"pattern":              `{ $.cache = "hit" || $.cache = "miss" || $.cache = "stale" || $.cache = "bypass" }`,
			"metricTransformation": count("CacheAnswers", map[string]any{"dimensions": map[string]any{"Result": "$.cache"}}),
		},
		"refusals-throttled": {
			"logGroupName": testName + "-access-log-1a2b3c4", "pattern": `{ $.errorType = "THROTTLED" }`,
			"metricTransformation": count("Refusals-THROTTLED", map[string]any{"defaultValue": "0"}),
		},
		"refusals-authorizer": {
			"logGroupName": testName + "-access-log-1a2b3c4", "pattern": `{ $.errorType = "AUTHORIZER_FAILURE" }`,
			"metricTransformation": count("Refusals-AUTHORIZER_FAILURE", map[string]any{"defaultValue": "0"}),
		},
		"refusals-waf": {
			"logGroupName": testName + "-access-log-1a2b3c4", "pattern": `{ $.errorType = "WAF_FILTERED" }`,
			"metricTransformation": count("Refusals-WAF_FILTERED", map[string]any{"defaultValue": "0"}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.Find(t, "aws:cloudwatch/logMetricFilter:LogMetricFilter", testName+"-"+name).Inputs; !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestWithoutAProxyTheDashboardShowsTheClustersConnections(t *testing.T) {
	args := full()
	args.Database.Proxied = false
	r := build(t, args)
	for _, alarm := range r.OfType("aws:cloudwatch/metricAlarm:MetricAlarm") {
		if strings.Contains(alarm.Name, "proxy") {
			t.Errorf("%s watches a proxy", alarm.Name)
		}
	}
	dashboard := r.Find(t, "aws:cloudwatch/dashboard:Dashboard", testName+"-dashboard").Inputs["dashboardBody"].(string)
	if strings.Contains(dashboard, "ProxyName") || !strings.Contains(dashboard, `"Database: connections"`) {
		t.Errorf("the dashboard is %s", dashboard)
	}
}

func TestTheDashboardShowsTheRequestPathFromLeftToRight(t *testing.T) {
	in := build(t, full()).Find(t, "aws:cloudwatch/dashboard:Dashboard", testName+"-dashboard").Inputs
	if in["dashboardName"] != testName {
		t.Errorf("name %v, want one of the stack's own", in["dashboardName"])
	}
	var dashboard struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          struct {
				Title   string
				Region  string
				Metrics [][]any
				Alarms  []string
				Query   string
			}
		}
	}
	if err := json.Unmarshal([]byte(in["dashboardBody"].(string)), &dashboard); err != nil {
		t.Fatal(err)
	}
	columns := map[int]string{0: "API Gateway", 6: "Function", 12: "Cache", 18: "Database Proxy"}
	taken := map[string]string{}
	first, last := dashboard.Widgets[0], dashboard.Widgets[len(dashboard.Widgets)-1]
	if first.Type != "alarm" || first.Y != 0 || first.Width != 24 || len(first.Properties.Alarms) != 1+3*len(burns)+23+2*4+1 || !strings.HasSuffix(first.Properties.Alarms[0], testName+"-hurt") {
		t.Errorf("on top is %+v, want the state of every alarm, the one that pages first", first)
	}
	if q := last.Properties.Query; last.Type != "log" || last.Width != 24 || !strings.Contains(q, "SOURCE '"+testName+"-access-log-1a2b3c4' | SOURCE '"+testName+"-function-log-1a2b3c4'") {
		t.Errorf("at the bottom is %+v, want the requests that went wrong", last)
	}
	for i, w := range dashboard.Widgets[1:3] {
		if !strings.HasPrefix(w.Properties.Title, "Objective:") || w.X != []int{0, 8}[i] || w.Y != first.Height || w.Width != []int{8, 16}[i] {
			t.Errorf("below the alarms is %+v, want the objective", w)
		}
	}
	above := first.Height + dashboard.Widgets[1].Height
	for _, w := range dashboard.Widgets[3 : len(dashboard.Widgets)-1] {
		kind, _, _ := strings.Cut(w.Properties.Title, ":")
		if !strings.Contains(columns[w.X], kind) {
			t.Errorf("%q is at %d", w.Properties.Title, w.X)
		}
		place := fmt.Sprint(w.X, ",", w.Y)
		if taken[place] != "" || w.Y < above || w.Y+w.Height > last.Y {
			t.Errorf("%q at %s lies on %q, above the graphs or below", w.Properties.Title, place, taken[place])
		}
		taken[place] = w.Properties.Title
		if w.Properties.Region != "eu-west-1" || len(w.Properties.Metrics) == 0 {
			t.Errorf("%q shows %v of %s", w.Properties.Title, w.Properties.Metrics, w.Properties.Region)
		}
	}
	if len(taken) != 13 {
		t.Errorf("%d graphs, want 13", len(taken))
	}
	want := []any{"AWS/ApiGateway", "Count", "ApiName", testName + "-rest", "Stage", "test", map[string]any{"stat": "Sum"}}
	if got := dashboard.Widgets[3].Properties.Metrics[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("first line %v, want %v", got, want)
	}
}

// Clients can write into the access log: they would choose the values of a dimension, and how many metrics there are.
func TestNoMetricOfTheAccessLogHasADimension(t *testing.T) {
	r := build(t, full())
	counted := 0
	for _, filter := range r.OfType("aws:cloudwatch/logMetricFilter:LogMetricFilter") {
		if group, _ := filter.Inputs["logGroupName"].(string); !strings.HasPrefix(group, testName+"-access-log") {
			continue
		}
		counted++
		if transformation, _ := filter.Inputs["metricTransformation"].(map[string]any); transformation["dimensions"] != nil {
			t.Errorf("%s has %v", filter.Name, transformation["dimensions"])
		}
	}
	if counted != len(refusalTypes) {
		t.Errorf("%d filters of the access log, want %d", counted, len(refusalTypes))
	}
}
