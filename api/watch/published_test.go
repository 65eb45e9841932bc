package watch

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/awsmetrics"
)

// usedMetric is a metric of an alarm or of a line of the dashboard.
type usedMetric struct {
	by, namespace, name, unit string
	dimensions                []string
}

// usedMetrics are those of every alarm, on expressions too, and of the dashboard.
func usedMetrics(t *testing.T) (all []usedMetric) {
	t.Helper()
	r := build(t, full())
	names := func(dimensions any) []string {
		object, _ := dimensions.(map[string]any)
		return slices.Collect(maps.Keys(object))
	}
	for _, alarm := range r.OfType("aws:cloudwatch/metricAlarm:MetricAlarm") {
		text := func(of map[string]any, member string) string { value, _ := of[member].(string); return value }
		in := alarm.Inputs
		queries, _ := in["metricQueries"].([]any)
		if len(queries) == 0 {
			all = append(all, usedMetric{alarm.Name, text(in, "namespace"), text(in, "metricName"), text(in, "unit"), names(in["dimensions"])})
		}
		for _, query := range queries {
			object, _ := query.(map[string]any)
			if metric, ok := object["metric"].(map[string]any); ok {
				all = append(all, usedMetric{alarm.Name, text(metric, "namespace"), text(metric, "metricName"), text(metric, "unit"), names(metric["dimensions"])})
			}
		}
	}
	return append(all, linesOf(t, r.Find(t, "aws:cloudwatch/dashboard:Dashboard", testName+"-dashboard").Inputs["dashboardBody"])...)
}

// linesOf are the metrics of a dashboard's lines, that are not expressions: namespace, name, and dimensions in pairs.
func linesOf(t *testing.T, body any) (all []usedMetric) {
	t.Helper()
	var board struct {
		Widgets []struct {
			Properties struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	text, _ := body.(string)
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	for _, w := range board.Widgets {
		for _, line := range w.Properties.Metrics {
			var words []string
			for _, part := range line {
				if word, ok := part.(string); ok {
					words = append(words, word)
				}
			}
			if len(words) < 2 {
				continue
			}
			used := usedMetric{by: "the panel " + w.Properties.Title, namespace: words[0], name: words[1]}
			for i := 2; i < len(words); i += 2 {
				used.dimensions = append(used.dimensions, words[i])
			}
			all = append(all, used)
		}
	}
	return all
}

// The metrics of log metric filters are the stack's own.
func TestEveryMetricOfAlarmsAndDashboardIsOneThatAWSPublishes(t *testing.T) {
	checked := 0
	for _, m := range usedMetrics(t) {
		if !strings.HasPrefix(m.namespace, "AWS/") {
			continue
		}
		checked++
		if err := awsmetrics.Check(m.namespace, m.name, m.dimensions, m.unit); err != nil {
			t.Errorf("%s: %v", m.by, err)
		}
	}
	if checked < 50 {
		t.Errorf("only %d metrics are checked", checked)
	}
}
