package metrics

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/didomi/serverless-api/internal/awsmetrics"
)

func TestTheSandboxPublishesWhatAWSPublishes(t *testing.T) {
	logged, err := ofEvent(Event{Group: "g", Message: "text"})
	if err != nil {
		t.Fatal(err)
	}
	invocation := Invocation{Function: "f", Alias: "live", Version: "7", Duration: time.Second}
	throttled := Invocation{Function: "f", Throttled: true}
	request := APIRequest{API: "a", Stage: "s", Resource: "/", Method: "GET", Detailed: true, Status: 200, IntegrationLatency: time.Second}
	replication := ReplicationOperation{Source: "a", Target: "b", Rule: "r", Failed: true}.Datum()
	for _, d := range slices.Concat(logged, invocation.Data(), throttled.Data(), request.Data(), []Datum{replication}) {
		if err := awsmetrics.Check(d.Namespace, d.Name, slices.Collect(maps.Keys(d.Dimensions)), d.Unit); err != nil {
			t.Error(err)
		}
	}
}
