package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/docpage"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/ops/types"
)

// meanings are what a metric says, by namespace and name. The stack's own namespace is "<stack>".
var meanings = map[string]string{
	"AWS/ApiGateway Count":              "requests",
	"AWS/ApiGateway 4XXError":           "responses 4xx, 0 or 1 for each request",
	"AWS/ApiGateway 5XXError":           "responses 5xx, 0 or 1 for each request, so that the mean is their share",
	"AWS/ApiGateway Latency":            "milliseconds from the request to the response",
	"AWS/ApiGateway IntegrationLatency": "milliseconds of that in the function",

	"AWS/Lambda Invocations":                                "invocations that ran",
	"AWS/Lambda Errors":                                     "invocations that ended without a response",
	"AWS/Lambda Throttles":                                  "invocations that were throttled",
	"AWS/Lambda Duration":                                   "milliseconds of an invocation",
	"AWS/Lambda ConcurrentExecutions":                       "executions at a time",
	"AWS/Lambda ProvisionedConcurrentExecutions":            "executions in provisioned execution environments",
	"AWS/Lambda ProvisionedConcurrencyUtilization":          "part of the provisioned execution environments in use, 0 to 1",
	"AWS/Lambda ProvisionedConcurrencySpilloverInvocations": "invocations without a free provisioned execution environment",

	"AWS/RDS ACUUtilization":                       "capacity in use, percent of `database.maxCapacity`",
	"AWS/RDS ServerlessDatabaseCapacity":           "capacity in use, ACU",
	"AWS/RDS AuroraReplicaLag":                     "milliseconds that a reader is behind the writer",
	"AWS/RDS DatabaseConnections":                  "connections to the writer",
	"AWS/RDS DatabaseConnectionsBorrowLatency":     "microseconds until a request has a connection of the proxy",
	"AWS/RDS DatabaseConnectionsCurrentlyBorrowed": "connections of the proxy in use",
	"AWS/RDS MaxDatabaseConnectionsAllowed":        "connections that the proxy may have",

	"AWS/ElastiCache CacheHits":                     "reads that found a key",
	"AWS/ElastiCache CacheMisses":                   "reads that found none",
	"AWS/ElastiCache DatabaseMemoryUsagePercentage": "memory in use, percent",
	"AWS/ElastiCache Evictions":                     "keys evicted before they expired",

	"AWS/Logs IncomingLogEvents": "lines of a log",
	"AWS/WAFV2 BlockedRequests":  "requests that a rule of the web ACL blocked",

	"AWS/S3 OperationsFailedReplication":   "files that could not be replicated, 0 or 1 for each operation",
	"AWS/Backup NumberOfCopyJobsCompleted": "snapshots copied to the other region",

	"<stack> ErrorLines":                  "lines of the function's log with the level `ERROR`",
	"<stack> CacheAnswers":                "responses with an item, by `X-Cache`",
	"<stack> Refusals-THROTTLED":          "requests that API Gateway throttled",
	"<stack> Refusals-QUOTA_EXCEEDED":     "requests beyond a plan's quota",
	"<stack> Refusals-INVALID_API_KEY":    "requests without a valid API key",
	"<stack> Refusals-WAF_FILTERED":       "requests that the web ACL blocked",
	"<stack> Refusals-AUTHORIZER_FAILURE": "requests for which the authorizer ended without a result",
}

// publishers are the pages of namespaces, and the tests of what the sandbox publishes in them.
var publishers = map[string][2]string{
	"AWS/ApiGateway":  {"[API Gateway](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html)", "`TestTheMetricsOfARequest`"},
	"AWS/Lambda":      {"[Lambda](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html)", "`TestTheMetricsOfAnInvocation`"},
	"AWS/RDS":         {"[Aurora](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html), [RDS Proxy](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html)", "`TestAlarmsWatchWhatAWSPublishes`"},
	"AWS/ElastiCache": {"[ElastiCache](https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html)", "`TestAlarmsWatchWhatAWSPublishes`"},
	"AWS/Logs":        {"[CloudWatch Logs](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html)", "`TestLogEventsHaveTheMetricsOfFiltersAndTheirOwn`"},
	"AWS/WAFV2":       {"[WAF](https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html)", "`TestAlarmsWatchWhatAWSPublishes`"},
	"AWS/S3":          {"[S3](https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html#s3-cloudwatch-replication-metrics)", "`TestTheOperationsOfAReplicationAreCountedOnce`"},
	"AWS/Backup":      {"[AWS Backup](https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html)", "`TestAlarmsWatchWhatAWSPublishes`"},
	"<stack>":         {"metric filters, `api/watch/logfilter.go`", "`TestLogLinesAreCounted`"},
	"<function>":      {"the function's log, `lambda/telemetry`", "`TestEveryRequestIsCounted`, `TestLoggedFailuresOfDependenciesAreCounted`"},
}

// untested are alarms without a cause of their own in the end-to-end test.
var untested = map[string]string{
	"authorizer":      "`TestAlarms`, `TestLogLinesAreCounted` of `api/watch`: no stack of the end-to-end test has an authorizer",
	"no-function-log": "end to end, with `no-access-log`",
}

// TestTheMonitoringReferenceIsThatOfTheProgram checks docs/reference/monitoring.md: of every alarm, panel and metric what it
// says, where it comes from and what tests it.
func TestTheMonitoringReferenceIsThatOfTheProgram(t *testing.T) {
	values := stackValues(t, "Pulumi.prod.yaml")
	var api map[string]any
	if err := json.Unmarshal([]byte(values["didomi:api"]), &api); err != nil {
		t.Fatal(err)
	}
	api["auth"], api["jwt"] = "jwt", map[string]any{"issuer": "https://issuer.example", "audience": "api"}
	values["didomi:api"] = asJSON(t, api)
	outputs := maps.Clone(mocks.KnownSecrets)
	outputs[types.MetricAlarm] = func(a mocks.Resource) map[string]any { return map[string]any{"name": a.Name + "-1a2b3c4"} }
	r, err := mocks.Mocks{Config: values, Outputs: outputs}.Try(program())
	if err != nil {
		t.Fatal(err)
	}
	// A stack without a proxy shows the writer's connections.
	m := monitoring{t: t, uses: map[string][]string{"AWS/RDS DatabaseConnections": {"panel Database: connections, without a proxy"}}}
	text := "## Alarms\n\n" + m.alarms(r) + "\n## Panels\n\n" + m.panels(r) + "\n## Metrics\n\n" + m.metrics()
	docpage.Check(t, page("monitoring.md"), text)
}

// monitoring collects what uses each metric.
type monitoring struct {
	t    *testing.T
	uses map[string][]string
}

var number = regexp.MustCompile(`-[0-9]+$`)

// shortName removes what differs between stacks from names.
func shortName(text string) string {
	text = strings.ReplaceAll(text, "didomi-test-api-", "")
	return regexp.MustCompile(`-1a2b3c4\b`).ReplaceAllString(text, "")
}

func (m *monitoring) use(namespace, name, by string) string {
	if !strings.HasPrefix(namespace, "AWS/") {
		namespace = "<stack>"
	}
	metric := namespace + " " + name
	if !slices.Contains(m.uses[metric], by) {
		m.uses[metric] = append(m.uses[metric], by)
	}
	return name
}

// latencyAlarm begins the alarm of each watched operation. One cause stands for all: a route is added without another.
const latencyAlarm = "latency-"

// causes reads what raises each alarm, and how, from the page of metrics and logs.
func causes(t *testing.T) map[string]string {
	t.Helper()
	_, table, found := strings.Cut(referenceSection(t, "metrics-and-logs.md", "What raises each alarm"), "| --- |")
	if !found {
		t.Fatal("docs/reference/metrics-and-logs.md has no table of causes")
	}
	all := map[string]string{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 6 && strings.Contains(cells[1], "`") {
			name := strings.Trim(cells[1], " `")
			if strings.HasPrefix(name, latencyAlarm) {
				name = latencyAlarm
			}
			all[name] = strings.TrimSpace(cells[2]) + " (" + strings.TrimSpace(cells[4]) + ")"
		}
	}
	return all
}

// referenceSection is a section of a reference page.
func referenceSection(t *testing.T, name, title string) string {
	t.Helper()
	text, err := os.ReadFile(page(name))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## "+title+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

func (m *monitoring) alarms(r *mocks.Recorder) string {
	table := docpage.Head("alarm", "in ALARM", "without data", "notifies", "meaning", "test")
	tests, seen := causes(m.t), map[string]bool{}
	composites := r.OfType(types.CompositeAlarm)
	for _, c := range composites {
		rule := strings.ReplaceAll(shortName(c.Inputs["alarmRule"].(string)), `"`, "`")
		table += docpage.Row("`"+shortName(c.Inputs["alarmName"].(string))+"`", rule, "-", m.notified(c, composites), c.Inputs["alarmDescription"].(string), "end to end, with its parts")
	}
	for _, a := range r.OfType(types.MetricAlarm) {
		name := number.ReplaceAllString(strings.TrimPrefix(a.Name, "didomi-test-api-"), "-N")
		if seen[name] {
			continue
		}
		seen[name] = true
		test, key := untested[name], name
		if strings.HasPrefix(name, latencyAlarm) {
			key = latencyAlarm
		}
		if cause := tests[key]; cause != "" {
			test = "end to end: " + cause
		}
		if test == "" {
			m.t.Errorf("docs/reference/metrics-and-logs.md has no cause of the alarm %s: add one, with its test in sandbox/e2e/alarmcauses_test.go", name)
		}
		table += docpage.Row("`"+name+"`", m.condition(a, name), a.Inputs["treatMissingData"].(string), m.notified(a, composites), a.Inputs["alarmDescription"].(string), test)
	}
	return table
}

// condition is when an alarm enters ALARM, in words.
func (m *monitoring) condition(a mocks.Resource, name string) string {
	in := a.Inputs
	sign := map[any]string{"GreaterThanThreshold": "above", "LessThanThreshold": "below"}[in["comparisonOperator"]]
	limit := strconv.FormatFloat(in["threshold"].(float64), 'f', -1, 64)
	if queries, ok := in["metricQueries"].([]any); ok {
		expression, of := "", []string{}
		for _, q := range queries {
			query := q.(map[string]any)
			metric, isMetric := query["metric"].(map[string]any)
			if !isMetric {
				expression = query["expression"].(string)
				continue
			}
			m.use(metric["namespace"].(string), metric["metricName"].(string), "`"+name+"`")
			of = append(of, fmt.Sprintf("%s is the %s of `%s` in %v minutes", query["id"], metric["stat"], metric["metricName"], metric["period"].(float64)/60))
		}
		return fmt.Sprintf("`%s` %s %s; %s", expression, sign, limit, strings.Join(of, ", "))
	}
	stat, _ := in["statistic"].(string)
	if extended, ok := in["extendedStatistic"].(string); ok {
		stat = extended
	}
	metric := m.use(in["namespace"].(string), in["metricName"].(string), "`"+name+"`")
	periods := map[any]string{60.0: "minutes", 3600.0: "hours"}[in["period"]]
	return fmt.Sprintf("%s of `%s` %s %s in %v of %v %s", stat, metric, sign, limit, in["datapointsToAlarm"], in["evaluationPeriods"], periods)
}

// notified is the topic of an alarm, or the composite alarm that it is part of.
func (m *monitoring) notified(a mocks.Resource, composites []mocks.Resource) string {
	if actions, _ := a.Inputs["alarmActions"].([]any); len(actions) > 0 {
		topic := actions[0].(string)
		return "topic `" + topic[strings.LastIndex(topic, "-")+1:] + "`"
	}
	name, _ := a.Inputs["alarmName"].(string)
	if name == "" {
		name = a.Name + "-1a2b3c4"
	}
	for _, c := range composites {
		if strings.Contains(c.Inputs["alarmRule"].(string), strconv.Quote(name)) {
			return "through `" + shortName(c.Inputs["alarmName"].(string)) + "`"
		}
	}
	m.t.Errorf("the alarm %s notifies no one", a.Name)
	return ""
}

func (m *monitoring) panels(r *mocks.Recorder) string {
	var body struct {
		Widgets []struct {
			Type       string
			Properties struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(r.OfType(types.Dashboard)[0].Inputs["dashboardBody"].(string)), &body); err != nil {
		m.t.Fatal(err)
	}
	table := docpage.Head("panel", "shows", "test")
	for _, w := range body.Widgets {
		var lines []string
		for _, line := range w.Properties.Metrics {
			if text := m.line(line, "panel "+w.Properties.Title); text != "" && !slices.Contains(lines, text) {
				lines = append(lines, text)
			}
		}
		shows, test := strings.Join(lines, ", "), "`TestTheDashboardShowsTheRequestPathFromLeftToRight`"
		switch {
		case w.Type == "alarm":
			shows = "the state of every alarm, the one that pages first"
		case w.Type == "log":
			shows = "the last requests with 5xx, with trace and reason, from both logs"
		case strings.HasPrefix(w.Properties.Title, "Objective"):
			test = "`TestTheDashboardShowsTheErrorBudget`"
		}
		table += docpage.Row(w.Properties.Title, shows, test)
	}
	return table
}

// line is a line of a panel: an expression, or a metric with its statistic. A hidden metric is part of an expression.
func (m *monitoring) line(line []any, panel string) string {
	how := line[len(line)-1].(map[string]any)
	if expression, ok := how["expression"].(string); ok {
		return fmt.Sprintf("%s: `%s`", how["label"], expression)
	}
	name := m.use(line[0].(string), line[1].(string), panel)
	if how["visible"] == false {
		return fmt.Sprintf("%s is the %s of `%s`", how["id"], how["stat"], name)
	}
	return fmt.Sprintf("%s of `%s`", how["stat"], name)
}

func (m *monitoring) metrics() string {
	table := docpage.Head("metric", "namespace", "meaning", "published by", "used by", "test")
	for _, metric := range slices.Sorted(maps.Keys(m.uses)) {
		namespace, name, _ := strings.Cut(metric, " ")
		if meanings[metric] == "" {
			m.t.Errorf("say in reference_monitoring_test.go what %s means", metric)
		}
		table += docpage.Row("`"+name+"`", "`"+namespace+"`", meanings[metric], publishers[namespace][0], strings.Join(m.uses[metric], ", "), publishers[namespace][1])
	}
	for metric := range meanings {
		if len(m.uses[metric]) == 0 {
			m.t.Errorf("reference_monitoring_test.go says what %s means, which no alarm and no panel uses", metric)
		}
	}
	return table + "\n" + embedded(m.t)
}

// embedded are the metrics in the function's log. No alarm and no panel has them.
func embedded(t *testing.T) string {
	t.Helper()
	table := docpage.Head("metric", "namespace", "meaning", "published by", "test")
	source, err := parser.ParseFile(token.NewFileSet(), "lambda/telemetry/metric.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	described := referenceSection(t, "metrics-and-logs.md", "Metrics")
	declared, _ := source.Decls[1].(*ast.GenDecl)
	for _, spec := range declared.Specs {
		name := spec.(*ast.ValueSpec).Names[0].Name
		meaning := ""
		for line := range strings.Lines(described) {
			if cells := strings.Split(line, "|"); len(cells) == 5 && strings.Contains(cells[1], "`"+name+"`") {
				meaning = strings.TrimSpace(cells[2]) + ": " + strings.TrimSpace(cells[3])
			}
		}
		if meaning == "" {
			t.Errorf("docs/reference/metrics-and-logs.md does not list the metric %s", name)
		}
		table += docpage.Row("`"+name+"`", "`<project>/function`", meaning, publishers["<function>"][0], publishers["<function>"][1])
	}
	return table
}
