package status

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// versions lists what is deployed: the version that serves, by the account, and contract, schema and plugins, by the
// state of the last update.
func versions(ctx context.Context, s *stack) ([]Item, error) {
	items := s.deployedVersions()
	for _, r := range s.graph.ByType(types.FunctionAlias) {
		function, alias := r.Text("functionName"), r.Text("name")
		serving, err := s.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &alias})
		if err != nil {
			return items, deployed.Failed(err, "read the alias "+alias+" of "+function, "lambda:GetAlias")
		}
		what := "version " + aws.ToString(serving.FunctionVersion)
		if routing := serving.RoutingConfig; routing != nil {
			for _, version := range slices.Sorted(maps.Keys(routing.AdditionalVersionWeights)) {
				what += fmt.Sprintf(", and %.0f %% of the requests version %s", 100*routing.AdditionalVersionWeights[version], version)
			}
		}
		for _, f := range s.graph.RefsTo(r, "functionName", types.Function) {
			newest, _ := f.Outputs["version"].(string)
			if newest != "" && newest != aws.ToString(serving.FunctionVersion) {
				what += ", of " + newest + " published: a rollout is under way, or was rolled back"
			}
		}
		items = append(items, Item{Name: "function", State: OK, What: what})
	}
	return items, nil
}

// deployedVersions are those that the state has.
func (s *stack) deployedVersions() []Item {
	var items []Item
	for _, r := range s.graph.ByType(types.RestAPI) {
		var contract struct{ Info struct{ Version string } }
		if json.Unmarshal([]byte(r.Text("body")), &contract) == nil && contract.Info.Version != "" {
			items = append(items, Item{Name: "contract", State: OK, What: contract.Info.Version})
		}
	}
	for _, r := range s.graph.ByType(types.Invocation) {
		if version, ok := schema(r); ok {
			items = append(items, Item{Name: "schema", State: OK, What: fmt.Sprintf("migration %d, by the last update", version)})
		}
	}
	for _, r := range s.graph.Resources {
		if plugin, is := strings.CutPrefix(r.Type, "pulumi:providers:"); is && r.Text("version") != "" {
			items = append(items, Item{Name: "plugin " + plugin, State: OK, What: r.Text("version")})
		}
	}
	return items
}

// schema is the number of the newest migration, by what the function migrate returned.
func schema(r *graph.Resource) (int, bool) {
	var result struct {
		Version int
		Role    string
	}
	err := json.Unmarshal([]byte(r.Text("result")), &result)
	return result.Version, err == nil && result.Role != ""
}
