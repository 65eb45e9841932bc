package build

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// apart are modules whose versions may differ, and why.
var apart = map[string]string{
	"github.com/pulumi/pulumi/sdk/v3":                    "the bridge is written for an older one, and the language host is a package of none that is newer",
	"github.com/pulumi/pulumi/pkg/v3":                    "the bridge is written for an older one",
	"github.com/pulumi/esc":                              "goes with them",
	"github.com/olekukonko/tablewriter":                  "the CLI draws with one of before its version 1",
	"github.com/aws/aws-sdk-go-v2/service/servicequotas": "the provider lists it for a service that no program uses and compiles none of it",
	"github.com/dlclark/regexp2":                         "as servicequotas",
	"github.com/go-jose/go-jose/v4":                      "the function gets each fix of the token checks; the provider and the CLI would have to be built again for it",
	"go.yaml.in/yaml/v4":                                 "the tools of the contract require a release, and the CLI's imports one before it",
	"golang.org/x/mod":                                   "newer ones ask of the provider for a newer net than the others need; it is small",
	"golang.org/x/tools":                                 "as mod",
}

// TestSharedVersions holds the modules of this repository to one version of
// what they share: in two versions it is compiled twice, with all that imports
// it, which once was a third of a first build.
func TestSharedVersions(t *testing.T) {
	modules := []string{".", "sandbox", "sandbox/awsx", "sandbox/provider", "sandbox/tools/delve", "sandbox/tools/language-go", "sandbox/tools/lint", "sandbox/tools/oapi-codegen", "sandbox/tools/pulumi"}
	users := map[string]map[string][]string{} // of a module, by version
	for _, module := range modules {
		for path, version := range requirements(t, module) {
			if users[path] == nil {
				users[path] = map[string][]string{}
			}
			users[path][version] = append(users[path][version], module)
		}
	}
	for path, versions := range users {
		if _, may := apart[path]; len(versions) > 1 && !may {
			t.Errorf("%s is required in several versions; go get one in each of them: %v", path, versions)
		}
	}
	for path := range apart {
		if len(users[path]) < 2 {
			t.Errorf("%s is required in one version: it need not be apart", path)
		}
	}
}

// requirements are the versions that a module of this repository requires,
// without what it replaces.
func requirements(t *testing.T, module string) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = filepath.Join("..", "..", module)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", module, err)
	}
	var file struct {
		Require []struct{ Path, Version string }
		Replace []struct{ Old struct{ Path string } }
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, r := range file.Require {
		if !slices.ContainsFunc(file.Replace, func(by struct{ Old struct{ Path string } }) bool { return by.Old.Path == r.Path }) {
			versions[r.Path] = r.Version
		}
	}
	if len(versions) == 0 {
		t.Fatalf("%s has no requirements", module)
	}
	return versions
}
