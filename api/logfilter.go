package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The metrics that are made of log lines, under the room's name.
const (
	// errorLinesMetric counts the error lines of the serving function.
	errorLinesMetric = "ErrorLines"
	// cacheAnswersMetric counts its answers by what X-Cache says, in the dimension Result.
	cacheAnswersMetric = "CacheAnswers"
	// refusalsMetric counts what the door answered itself, by gateway response type.
	refusalsMetric = "Refusals"
)

// logFilter makes a metric of the lines of a log that match.
type logFilter struct {
	name, metric string
	log          *cloudwatch.LogGroup
	pattern      string
	// dimensions take their values out of the lines. A filter with any counts no zeros: CloudWatch
	// would not know of which value.
	dimensions pulumi.StringMap
}

// countLogLines makes metrics of what no other metric knows.
func countLogLines(ctx *pulumi.Context, s site, l logs) error {
	for _, f := range []logFilter{
		// Requests that are answered in spite of something being broken.
		{name: "error-lines", metric: errorLinesMetric, log: l.api, pattern: `{ $.level = "ERROR" }`},
		// What came from where: a proxy integration's access log cannot carry the cache's result.
		{
			name: "cache-answers", metric: cacheAnswersMetric, log: l.api,
			pattern:    `{ $.cache = "hit" || $.cache = "miss" || $.cache = "stale" || $.cache = "bypass" }`,
			dimensions: pulumi.StringMap{"Result": pulumi.String("$.cache")},
		},
		// API Gateway's own metrics sum all 4xx up, those of the function included.
		{
			name: "refusals", metric: refusalsMetric, log: l.access, pattern: `{ $.errorType != "-" }`,
			dimensions: pulumi.StringMap{"Type": pulumi.String("$.errorType")},
		},
	} {
		if err := countLines(ctx, s, f); err != nil {
			return err
		}
	}
	return nil
}

func countLines(ctx *pulumi.Context, s site, f logFilter) error {
	count := &cloudwatch.LogMetricFilterMetricTransformationArgs{
		Namespace:  pulumi.String(s.name),
		Name:       pulumi.String(f.metric),
		Value:      pulumi.String("1"),
		Unit:       pulumi.String("Count"),
		Dimensions: f.dimensions,
	}
	if f.dimensions == nil {
		count.DefaultValue = pulumi.String("0")
	}
	_, err := cloudwatch.NewLogMetricFilter(ctx, s.name+"-"+f.name, &cloudwatch.LogMetricFilterArgs{
		LogGroupName:         f.log.Name,
		Pattern:              pulumi.String(f.pattern),
		MetricTransformation: count,
	}, s.parent)
	if err != nil {
		return fmt.Errorf("api: metric of the log lines %s: %w", f.name, err)
	}
	return nil
}
