package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
)

// fewerZones is the program's error for the removal of a zone from a stack with three.
const fewerZones = "didomi:network.zones is 2; must be at least 3: the stack has subnets in eu-west-1a, eu-west-1b, eu-west-1c"

// checkZones adds, with the deploy role, a proxy to a stack with two zones, then a third zone and one NAT gateway, and
// checks that two zones are then rejected. A new zone replaces nothing: not the subnets, whose replacements would
// overlap, and not the proxy, whose subnets cannot be changed.
func checkZones(t *testing.T, out outputs) {
	t.Helper()
	data := map[string]any{"database": map[string]any{"minCapacity": 0.5}, "proxy": map[string]any{"enabled": true}}
	proxied := configWith(t, out, map[string]any{"didomi:data": data})
	wider := restoring(t, out, nil) // with a minor upgrade of the database
	reader, deploy := pipelineRoles(t, out)
	manage(t, deploy, proxied, "up", "--yes", "--skip-preview", "--exclude", identities)
	checkItems(t, out)

	kept := append([]string{"aws:rds/proxy:Proxy", memberToken, functionToken}, stateful...)
	for _, step := range previewConfig(t, reader, wider).Steps {
		if slices.Contains([]string{"replace", "create-replacement", "delete-replaced", "delete"}, step.Op) && slices.Contains(kept, kind(step.URN)) {
			t.Errorf("one more zone would %s %s", step.Op, step.URN)
		}
	}
	manage(t, deploy, wider, "up", "--yes", "--skip-preview", "--exclude", identities)
	checkItems(t, out)
	if p := previewConfig(t, reader, out.ConfigFile); !said(p, fewerZones) {
		t.Errorf("the zone can be removed: %v", p.Diagnostics)
	}
}

// configWith is the stack's file with settings over its own.
func configWith(t *testing.T, out outputs, settings map[string]any) string {
	t.Helper()
	own := readStackFile(t, out.ConfigFile)
	for component, value := range settings {
		own.Config[component] = overlay(own.Config[component], value)
	}
	text, err := yaml.Marshal(own)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "Pulumi."+out.Stack+".yaml")
	writeFile(t, path, text)
	return path
}

// previewConfig previews the stack with settings, whether or not that fails. The preview role cannot refresh.
func previewConfig(t *testing.T, out outputs, settings string) preview {
	t.Helper()
	stdout, stderr, code := pulumi(t, out, repository(t), "preview", "--refresh=false", "--stack", out.Stack, "--config-file", settings, "--json")
	var p preview
	if err := json.Unmarshal([]byte(stdout), &p); err != nil {
		t.Fatalf("preview: exit %d, %v\n%s\n%s", code, err, stdout, stderr)
	}
	return p
}
