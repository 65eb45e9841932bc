package graph_test

import (
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
)

func TestAValueIsFoundAtThePathOfADetailedDiff(t *testing.T) {
	value := map[string]any{"rules": []any{map[string]any{"name": "a"}}, "tags": map[string]any{"a.b": "dotted"}, "size": 1.0}
	for path, want := range map[string]any{
		"size": 1.0, "rules[0].name": "a", `tags["a.b"]`: "dotted",
		"rules[1].name": nil, "size.of": nil, "rules.name": nil, "none": nil,
	} {
		if got := graph.At(value, path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
