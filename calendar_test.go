package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/status"
)

// The merge request that upgrades an engine or a runtime adds the end of its support (docs/how-to/upgrade-engines.md).
func TestTheCalendarHasTheVersionsOfEveryStackFile(t *testing.T) {
	files, err := filepath.Glob("Pulumi.*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("found the stack files %v (%v), want dev and prod at least", files, err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			r, err := mocks.Mocks{Config: stackValues(t, file), Outputs: mocks.KnownSecrets}.Try(program())
			if err != nil {
				t.Fatal(err)
			}
			var resources []graph.Resource
			for _, res := range r.All() {
				resources = append(resources, graph.Resource{Type: res.Type, Inputs: res.Inputs})
			}
			lacking, err := status.Lacking(resources)
			if err != nil || len(lacking) > 0 {
				t.Errorf("ops/status/calendar.yaml has no row for %s: %v", strings.Join(lacking, ", "), err)
			}
			if none, err := status.Lacking([]graph.Resource{{Type: "aws:rds/cluster:Cluster", Inputs: map[string]any{"engineVersion": "99.9"}}}); err != nil || len(none) != 1 {
				t.Errorf("a version that it lacks: %v, %v", none, err)
			}
		})
	}
}
