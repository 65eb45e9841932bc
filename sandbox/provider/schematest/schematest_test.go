package schematest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-provider-aws/sandbox/catalog"
)

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
	calls, err := programCalls(programDir)
	if err != nil {
		t.Fatal(err)
	}
	resources, functions := typesInUse(sdk, calls)
	if len(resources) == len(awsxChildren) {
		t.Fatalf("found no resource of the SDK in the program under %s: is it still there?", programDir)
	}
	for _, token := range resources {
		t.Run(token+" has the SDK's names and shapes", func(t *testing.T) {
			found := newComparison(sdk, schema)
			found.resource(token)
			report(t, found)
		})
	}
	for _, token := range functions {
		t.Run(token+" has the SDK's names and shapes", func(t *testing.T) {
			found := newComparison(sdk, schema)
			found.function(token)
			report(t, found)
		})
	}
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
