package schematest

import (
	"maps"
	"os"
	"path/filepath"
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

func TestProgramCalls(t *testing.T) {
	dir := t.TempDir()
	write := func(name, imports, calls string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		text := "package p\nimport (\n" + imports + ")\nfunc f() { " + calls + " }\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const kms, s3 = "\"" + sdkPath + "/kms\"\n", "\"" + sdkPath + "/s3\"\n"
	own := func(folder string) string { return "\"" + programModule + folder + "\"\n" }
	write("main.go", own("room"), "")
	write("settings.go", kms, "kms.NewAlias()")
	write("main_test.go", own("mocks"), "")
	write("room/room.go", kms+own("internal/key"), "kms.NewGrant()")
	write("internal/key/key.go", kms, "kms.NewKey()")
	write("bootstrap/main.go", s3, "s3.NewBucket()")
	write("mocks/mocks.go", kms, "kms.NewReplicaKey()")
	got, err := programCalls(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []call{{"kms", "NewAlias"}, {"kms", "NewGrant"}, {"kms", "NewKey"}, {"s3", "NewBucket"}} {
		t.Run(want.function+" is found", func(t *testing.T) {
			if !slices.Contains(got, want) {
				t.Errorf("%v", got)
			}
		})
	}
	t.Run("what only tests import is not", func(t *testing.T) {
		if slices.Contains(got, call{"kms", "NewReplicaKey"}) {
			t.Errorf("%v", got)
		}
	})
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
