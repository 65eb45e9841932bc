package schematest

import (
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-provider-aws/sandbox/catalog"
)

const providerToken = "pulumi:providers:aws"

func readCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	sdk, err := catalog.Read(catalogFile)
	if err != nil {
		t.Fatal(err)
	}
	return sdk
}

func TestTypesInUse(t *testing.T) {
	sdk, schema := readCatalog(t), readSchema(t)
	if len(sdk.Used.Resources) == 0 || len(sdk.Used.Functions) == 0 {
		t.Fatalf("the provider was built for a program that uses %d resources and %d functions", len(sdk.Used.Resources), len(sdk.Used.Functions))
	}
	for _, token := range sdk.Used.Resources {
		t.Run(token+" has the SDK's names and shapes", func(t *testing.T) {
			found := newComparison(sdk, schema)
			found.resource(token)
			report(t, found)
		})
	}
	for _, token := range sdk.Used.Functions {
		t.Run(token+" has the SDK's names and shapes", func(t *testing.T) {
			found := newComparison(sdk, schema)
			found.function(token)
			report(t, found)
		})
	}
}

// What a service that no program uses needs must be in go.mod before a program uses it.
func TestGoModRequiresWhatAnyOfUpstreamsServicesNeeds(t *testing.T) {
	own := requirements(t, "..")
	for path := range requirements(t, "../../../.sandbox/build/terraform-provider-aws") {
		if !own[path] {
			t.Errorf("sandbox/provider/go.mod lacks %s: run `go run . -require` in sandbox/provider/build", path)
		}
	}
}

// requirements returns the modules that the go.mod of a directory requires.
func requirements(t *testing.T, dir string) map[string]bool {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = dir
	content, err := cmd.Output()
	if err != nil {
		t.Fatalf("read the go.mod of %s: %v", dir, err)
	}
	var file struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	modules := map[string]bool{}
	for _, required := range file.Require {
		modules[required.Path] = true
	}
	if len(modules) == 0 {
		t.Fatalf("%s requires nothing", dir)
	}
	return modules
}

// Types that nothing uses yet are held to the same, so that a developer who
// takes one up is not surprised.
func TestEveryServedType(t *testing.T) {
	sdk, schema := readCatalog(t), readSchema(t)
	found := newComparison(sdk, schema)
	found.resource(providerToken)
	for token := range schema.Resources {
		if sdk.Resources[token] == nil {
			t.Errorf("%s is served and not in the SDK", token)
			continue
		}
		found.resource(token)
	}
	for token := range schema.Functions {
		if token == providerToken+"/terraformConfig" {
			continue // The bridge's own.
		}
		if sdk.Functions[token] == nil {
			t.Errorf("%s is served and not in the SDK", token)
			continue
		}
		found.function(token)
	}
	report(t, found)
}

func report(t *testing.T, found *comparison) {
	t.Helper()
	slices.Sort(found.found)
	for _, difference := range found.found {
		if !isRemoved(difference) {
			t.Error(difference)
		}
	}
}

func TestComparisonSeesDifferences(t *testing.T) {
	const token = "aws:lambda/permission:Permission"
	tests := []struct {
		name  string
		spoil func(permission map[string]*property)
		want  string
	}{
		{
			name: "a property under another name is missing",
			spoil: func(permission map[string]*property) {
				permission["functionName"] = permission["function"]
				delete(permission, "function")
			},
			want: "in.function: missing",
		},
		{
			name:  "a list instead of a scalar is a difference",
			spoil: func(permission map[string]*property) { permission["action"] = &property{Type: "array"} },
			want:  "in.action: want string, got array",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sdk, schema := readCatalog(t), readSchema(t)
			permission := schema.Resources[token]
			permission.InputProperties = maps.Clone(permission.InputProperties)
			test.spoil(permission.InputProperties)
			found := newComparison(sdk, schema)
			found.resource(token)
			if !slices.ContainsFunc(found.found, func(difference string) bool { return strings.Contains(difference, test.want) }) {
				t.Errorf("want a difference with %q, got %q", test.want, found.found)
			}
		})
	}
}
