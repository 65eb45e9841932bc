package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// errorLinesMetric counts the error lines of the serving function's log, under the room's name.
const errorLinesMetric = "ErrorLines"

// countErrorLines makes a metric of what the function logs as an error: requests that it answered in
// spite of something being broken show up here, and in no other metric.
func countErrorLines(ctx *pulumi.Context, s site, l logs) error {
	_, err := cloudwatch.NewLogMetricFilter(ctx, s.name+"-error-lines", &cloudwatch.LogMetricFilterArgs{
		LogGroupName: l.api.Name,
		Pattern:      pulumi.String(`{ $.level = "ERROR" }`),
		MetricTransformation: &cloudwatch.LogMetricFilterMetricTransformationArgs{
			Namespace:    pulumi.String(s.name),
			Name:         pulumi.String(errorLinesMetric),
			Value:        pulumi.String("1"),
			DefaultValue: pulumi.String("0"),
			Unit:         pulumi.String("Count"),
		},
	}, s.parent)
	if err != nil {
		return fmt.Errorf("api: count of the log's error lines: %w", err)
	}
	return nil
}
