package audit

import (
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/awsmetrics"
)

func TestTheTableOfMetricsHasWhatAWSPublishes(t *testing.T) {
	for metric, facts := range metricTable {
		namespace, name, _ := strings.Cut(metric, " ")
		for _, set := range facts.sets {
			if err := awsmetrics.Check(namespace, name, set.dimensions, facts.unit); err != nil {
				t.Error(err)
			}
		}
	}
}
