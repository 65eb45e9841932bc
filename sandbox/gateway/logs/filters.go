package logs

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// metricFilter is a metric filter of the emulator.
type metricFilter struct {
	FilterName, LogGroupName, FilterPattern string
	MetricTransformations                   []struct {
		MetricName, MetricNamespace, Unit string
		MetricValue                       string
		DefaultValue                      *json.Number
		Dimensions                        map[string]string
	}
}

// MetricFilters returns the metric filters of all log groups, from memory until one of them may have changed.
func MetricFilters(ctx context.Context, a *call.Account) ([]metrics.MetricFilter, error) {
	return emulator.Lookup(a.Lookups, "logs", "metric filters", func() ([]metrics.MetricFilter, error) {
		var all []metrics.MetricFilter
		for token := ""; ; {
			request := map[string]any{}
			if token != "" {
				request["nextToken"] = token
			}
			var page struct {
				MetricFilters []metricFilter
				NextToken     string
			}
			if err := a.Emulator.Target(ctx, "logs", Target+"DescribeMetricFilters", request, &page); err != nil {
				return nil, fmt.Errorf("list the metric filters: %w", err)
			}
			for _, f := range page.MetricFilters {
				all = append(all, f.transformations()...)
			}
			if token = page.NextToken; token == "" {
				return all, nil
			}
		}
	})
}

// transformations returns the filter once for each metric.
func (f metricFilter) transformations() (list []metrics.MetricFilter) {
	for _, t := range f.MetricTransformations {
		filter := metrics.MetricFilter{
			Group: f.LogGroupName, Name: f.FilterName, Pattern: f.FilterPattern,
			Metric: metrics.Metric{Namespace: t.MetricNamespace, Name: t.MetricName, Dimensions: t.Dimensions},
			Unit:   t.Unit, Value: t.MetricValue,
		}
		if t.DefaultValue != nil {
			filter.Default = t.DefaultValue.String()
		}
		list = append(list, filter)
	}
	return list
}
