package watch

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The dashboard's grid is 24 wide.
const (
	boardWidth   = 24
	widgetWidth  = 6
	widgetHeight = 6
	// statusHeight is the state of the alarms, on top.
	statusHeight = 3
	// objectiveHeight is the objective with its error budget, below the alarms.
	objectiveHeight = 5
	// columnsBegin is where the columns begin.
	columnsBegin = statusHeight + objectiveHeight
	// mostShown is how many alarms a widget may have.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
	mostShown = 100
)

// widget is one graph: several lines over time.
type widget struct {
	title string
	lines []metric
}

// newDashboard creates one dashboard of the request path: a column for each service on it, from left to right, with
// traffic at the top and errors below. Above are the alarms' states and the objective, below the failed requests. It
// returns the dashboard's name, which is unique in the account.
func newDashboard(ctx *pulumi.Context, a Args, alarms alarmSet) (pulumi.StringOutput, error) {
	widgets := append(pulumi.Array{alarms.render()}, a.objective()...)
	below := 0
	for x, column := range a.columns() {
		for y, w := range column {
			widgets = append(widgets, w.render(a.Region, x*widgetWidth, columnsBegin+y*widgetHeight))
		}
		below = max(below, columnsBegin+len(column)*widgetHeight)
	}
	widgets = append(widgets, a.failures(below))
	board, err := cloudwatch.NewDashboard(ctx, a.Name+"-dashboard", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(a.Name),
		DashboardBody: pulumi.JSONMarshal(pulumi.Map{"widgets": widgets}),
	}, a.Parent)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: dashboard: %w", err)
	}
	return board.DashboardName, nil
}

// columns are API Gateway, function, cache and database.
func (a Args) columns() [][]widget {
	function := []widget{
		{"Function: invocations", []metric{a.function("Invocations", "Sum"), a.function("ConcurrentExecutions", "Maximum")}},
		{"Function: errors", []metric{a.function("Errors", "Sum"), a.function("Throttles", "Sum"), a.errorLines()}},
		{"Function: duration (ms)", []metric{a.function("Duration", "p50"), a.function("Duration", "p99")}},
	}
	if a.Function.Provisioned {
		function = append(function, widget{"Function: provisioned concurrency", []metric{
			a.function("ProvisionedConcurrentExecutions", "Maximum"), a.alias("ProvisionedConcurrencyUtilization", "Maximum"),
			a.function("ProvisionedConcurrencySpilloverInvocations", "Sum"),
		}})
	}
	return [][]widget{
		{
			{"API Gateway: requests", []metric{a.stageMetric("Count", "Sum"), a.stageMetric("4XXError", "Sum"), a.stageMetric("5XXError", "Sum")}},
			{"API Gateway: latency (ms)", a.latencies()},
			{"API Gateway: rejected requests", []metric{a.refusals("THROTTLED"), a.refusals("QUOTA_EXCEEDED"), a.refusals("INVALID_API_KEY"), a.refusals("WAF_FILTERED")}},
		},
		function,
		{
			{"Cache: results", []metric{a.cacheAnswers(contract.CacheHit), a.cacheAnswers(contract.CacheMiss), a.cacheAnswers(contract.CacheStale), a.cacheAnswers(contract.CacheBypass)}},
			{"Cache: hits and misses of each node", append(a.cacheNodes("CacheHits", "Sum"), a.cacheNodes("CacheMisses", "Sum")...)},
			{"Cache: memory (%) and evictions", append(a.cacheNodes("DatabaseMemoryUsagePercentage", "Maximum"), a.cacheNodes("Evictions", "Sum")...)},
		},
		{
			a.connections(),
			{"Database: capacity", []metric{
				a.writer("ServerlessDatabaseCapacity"), a.writer("ACUUtilization"),
				a.readers("ServerlessDatabaseCapacity"), a.readers("ACUUtilization"),
			}},
			{"Database: readers' lag (ms)", []metric{a.readers("AuroraReplicaLag")}},
		},
	}
}

// latencies are those of the operations that have a latency alarm.
func (a Args) latencies() []metric {
	var lines []metric
	for _, o := range a.Operations {
		lines = append(lines, a.operation(o, "Latency", "p50"), a.operation(o, "Latency", "p99"), a.operation(o, "IntegrationLatency", "p99"))
	}
	return lines
}

// connections are the borrowed connections of the proxy, or those of the cluster without one.
func (a Args) connections() widget {
	if !a.Database.Proxied {
		return widget{"Database: connections", []metric{a.writer("DatabaseConnections")}}
	}
	return widget{"Proxy: connections", []metric{
		a.proxyToWriter("DatabaseConnectionsCurrentlyBorrowed", "Maximum"), a.proxyToWriter("MaxDatabaseConnectionsAllowed", "Maximum"),
		a.proxy("DatabaseConnectionsBorrowLatency", "Average"),
	}}
}

// render is the state of the alarms, the one that pages first. Those of the last nodes of a large cache are left out.
func (a alarmSet) render() pulumi.Map {
	return pulumi.Map{
		"type": pulumi.String("alarm"),
		"x":    pulumi.Int(0), "y": pulumi.Int(0), "width": pulumi.Int(boardWidth), "height": pulumi.Int(statusHeight),
		"properties": pulumi.Map{"title": pulumi.String("Alarms"), "alarms": a.arns[:min(len(a.arns), mostShown)]},
	}
}

// failures is a table of failed requests: the access log's line and the function's, joined by the request's id, so that
// the cache's result is next to status and trace.
func (a Args) failures(y int) pulumi.Map {
	return pulumi.Map{
		"type": pulumi.String("log"),
		"x":    pulumi.Int(0), "y": pulumi.Int(y), "width": pulumi.Int(boardWidth), "height": pulumi.Int(widgetHeight),
		"properties": pulumi.Map{
			"title":  pulumi.String("Failed requests"),
			"region": pulumi.String(a.Region),
			"view":   pulumi.String("table"),
			"query": pulumi.Sprintf("SOURCE '%s' | SOURCE '%s' | fields coalesce(requestId, "+contract.LogRequestID+") as id"+
				" | filter ispresent(id)"+
				" | stats min(@timestamp) as at, max("+contract.LogStatus+") as code, sortsLast("+contract.LogMethod+") as verb, sortsLast("+contract.LogResource+") as path,"+
				" sortsLast("+contract.LogCache+") as cache, sortsLast(errorType) as gatewayError, sortsLast("+contract.LogError+") as reason, sortsLast("+contract.LogTraceID+") as trace by id"+
				" | filter code >= 500 | sort at desc | limit 50", a.AccessLog, a.Function.Log),
		},
	}
}

// render returns the widget at its place, as CloudWatch defines it.
func (w widget) render(region string, x, y int) pulumi.Map {
	lines := make(pulumi.Array, len(w.lines))
	for i, line := range w.lines {
		lines[i] = line.render()
	}
	return pulumi.Map{
		"type": pulumi.String("metric"),
		"x":    pulumi.Int(x), "y": pulumi.Int(y),
		"width": pulumi.Int(widgetWidth), "height": pulumi.Int(widgetHeight),
		"properties": pulumi.Map{
			"title":  pulumi.String(w.title),
			"region": pulumi.String(region),
			"view":   pulumi.String("timeSeries"),
			"period": pulumi.Int(60), "stat": pulumi.String("Sum"),
			"metrics": lines,
		},
	}
}

// render is the metric as a dashboard's line: namespace, name, each dimension's name and value, and
// how it is summed up.
func (m metric) render() pulumi.Array {
	line := pulumi.Array{pulumi.String(m.namespace), pulumi.String(m.name)}
	for _, name := range slices.Sorted(maps.Keys(m.dimensions)) {
		line = append(line, pulumi.String(name), m.dimensions[name])
	}
	return append(line, pulumi.Map{"stat": pulumi.String(m.stat)})
}

// objective is how much of the error budget is left, and how fast it is spent.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func (a Args) objective() pulumi.Array {
	budget := decimal(a.Settings.budget())
	left := a.objectiveWidget(0, 8, "Objective: "+decimal(a.Settings.Objective)+" % of the requests of 30 days without 5xx", pulumi.Map{
		"view": pulumi.String("singleValue"), "setPeriodToTimeRange": pulumi.Bool(true), "start": pulumi.String("-P30D"),
		"metrics": pulumi.Array{
			expression("available", "availability (%)", "100 * (1 - rate)"),
			expression("left", "error budget left (%)", "100 * (1 - rate / "+budget+")"),
			a.failureRate("rate", 0),
		},
	})
	lines, limits := pulumi.Array{}, pulumi.Array{}
	for _, b := range burns {
		rate := "rate" + window(b.short)
		lines = append(lines, expression("burn"+window(b.short), "burn rate of "+window(b.short), rate+" / "+budget), a.failureRate(rate, b.short))
		limits = append(limits, pulumi.Map{"label": pulumi.String(b.name), "value": pulumi.Float64(b.rate)})
	}
	burning := a.objectiveWidget(8, boardWidth-8, "Objective: burn rate of the error budget", pulumi.Map{
		"view": pulumi.String("timeSeries"), "metrics": lines, "annotations": pulumi.Map{"horizontal": limits},
	})
	return pulumi.Array{left, burning}
}

func (a Args) objectiveWidget(x, width int, title string, properties pulumi.Map) pulumi.Map {
	properties["title"], properties["region"] = pulumi.String(title), pulumi.String(a.Region)
	return pulumi.Map{
		"type": pulumi.String("metric"),
		"x":    pulumi.Int(x), "y": pulumi.Int(statusHeight), "width": pulumi.Int(width), "height": pulumi.Int(objectiveHeight),
		"properties": properties,
	}
}

// expression is a dashboard's line of metric math.
func expression(id, label, text string) pulumi.Array {
	return pulumi.Array{pulumi.Map{"id": pulumi.String(id), "label": pulumi.String(label), "expression": pulumi.String(text)}}
}

// failureRate is the part of requests that failed, for expressions alone; a period of 0 is the widget's.
func (a Args) failureRate(id string, period time.Duration) pulumi.Array {
	line := a.stageMetric("5XXError", "Average").render()
	how := pulumi.Map{"stat": pulumi.String("Average"), "id": pulumi.String(id), "visible": pulumi.Bool(false)}
	if period > 0 {
		how["period"] = pulumi.Int(int(period.Seconds()))
	}
	return append(line[:len(line)-1], how)
}
