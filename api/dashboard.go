package api

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The dashboard's grid is 24 wide.
const (
	widgetWidth  = 6
	widgetHeight = 6
)

// widget is one graph: several lines over time.
type widget struct {
	title string
	lines []metric
}

// newDashboard makes one dashboard of the request path: a column for each place that a request comes
// by, from left to right, with traffic on top and trouble below. It returns the dashboard's name,
// which the stack's own makes unique in the account.
func newDashboard(ctx *pulumi.Context, s site, f serving, g gateway) (pulumi.StringOutput, error) {
	widgets := pulumi.Array{}
	for x, column := range (metrics{s, f, g}).columns() {
		for y, w := range column {
			widgets = append(widgets, w.render(s.region, x*widgetWidth, y*widgetHeight))
		}
	}
	board, err := cloudwatch.NewDashboard(ctx, s.name+"-dashboard", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(s.name),
		DashboardBody: pulumi.JSONMarshal(pulumi.Map{"widgets": widgets}),
	}, s.parent)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: dashboard: %w", err)
	}
	return board.DashboardName, nil
}

// columns are door, function, cache and database.
func (m metrics) columns() [][]widget {
	return [][]widget{
		{
			{"Door: requests", []metric{m.stageMetric("Count", "Sum"), m.stageMetric("4XXError", "Sum"), m.stageMetric("5XXError", "Sum")}},
			{"Door: latency (ms)", []metric{m.itemReads("Latency", "p50"), m.itemReads("Latency", "p99"), m.itemReads("IntegrationLatency", "p99")}},
		},
		{
			{"Function: invocations", []metric{m.function("Invocations", "Sum"), m.function("ConcurrentExecutions", "Maximum")}},
			{"Function: errors", []metric{m.function("Errors", "Sum"), m.function("Throttles", "Sum"), m.errorLines()}},
		},
		{
			{"Cache: hits and misses", append(m.cacheNodes("CacheHits", "Sum"), m.cacheNodes("CacheMisses", "Sum")...)},
			{"Cache: memory (%) and evictions", append(m.cacheNodes("DatabaseMemoryUsagePercentage", "Maximum"), m.cacheNodes("Evictions", "Sum")...)},
		},
		{
			{"Proxy: connections", []metric{m.proxy("DatabaseConnectionsCurrentlyBorrowed", "Maximum"), m.proxy("MaxDatabaseConnectionsAllowed", "Maximum"), m.proxy("DatabaseConnectionsBorrowLatency", "Average")}},
			{"Database: capacity", []metric{m.cluster("ServerlessDatabaseCapacity", "Average"), m.cluster("ACUUtilization", "Average"), m.readers("AuroraReplicaLag", "Maximum")}},
		},
	}
}

// render is the widget as CloudWatch wants it, in its place.
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
