package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/naming"
	"github.com/didomi/serverless-api/ops/types"
)

func TestTheLongestNamesAreAllowed(t *testing.T) {
	longest := 0
	stack := strings.Repeat("s", naming.LongestStack)
	for _, n := range []naming.Names{
		{Project: strings.Repeat("p", naming.Longest-len("-")-naming.LongestStack), Stack: stack},
		{Project: strings.Repeat("p", naming.Longest-len("-s")), Stack: "s"},
		{Project: "a-b", Stack: stack},
	} {
		t.Run(n.Project+" and "+n.Stack, func(t *testing.T) {
			for _, res := range previewed(t, n).All() {
				if length := checkName(t, res); res.Type == types.ClusterInstance {
					longest = max(longest, length)
				}
			}
		})
	}
	if most := types.Of(types.ClusterInstance).Name.Max; longest != most {
		t.Errorf("the longest name of an instance has %d of %d characters: naming.Longest does not match", longest, most)
	}
}

// previewed is a preview of prod with every optional resource, under these names.
func previewed(t *testing.T, n naming.Names) *mocks.Recorder {
	t.Helper()
	if got := n.Validate(); got != nil {
		t.Fatalf("the names are rejected: %v", got)
	}
	values := projectValues(t, n.Project, "Pulumi.prod.yaml")
	for component, value := range map[string]string{
		"tags": `{"environment": "` + n.Stack + `"}`,
		"data": `{"database": {"readers": 15}, "bucket": {"accessLogDays": 90}}`,
		"dns":  `{"domain": "` + strings.Repeat("d", 47) + `.org", "delegated": true}`,
		"iam":  `{"gitlabUrl": "https://gitlab.com", "projectPath": "a/b", "oidc": "off"}`,
	} {
		values[n.Project+":"+component] = value
	}
	// Some physical names end with the key's id, so the preview must know it.
	known := map[string]func(mocks.Resource) map[string]any{"aws:kms/key:Key": func(mocks.Resource) map[string]any {
		return map[string]any{"arn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
	}}
	for token, outputs := range mocks.KnownSecrets {
		known[token] = outputs
	}
	r, err := mocks.Mocks{Config: values, Project: n.Project, Stack: n.Stack, Preview: true, Outputs: known}.Try(program())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkName compares the physical name of a resource with what AWS allows, and returns its length.
func checkName(t *testing.T, res mocks.Resource) int {
	t.Helper()
	allowed := types.Of(res.Type).Name
	if allowed.Property == "" {
		return 0
	}
	property := allowed.Property
	if allowed.Suffix == types.ByProvider {
		property += "Prefix"
	}
	name, set := res.Inputs[property].(string)
	switch {
	case !set && allowed.Suffix != types.ByPulumi:
		t.Errorf("%s %s has no %s", res.Type, res.Name, property)
	case !set:
		name = res.Name + types.ByPulumi
	case allowed.Suffix == types.ByProvider:
		name += types.ByProvider
	}
	if len(name) > allowed.Max || !regexp.MustCompile(allowed.Pattern).MatchString(name) {
		t.Errorf("%s %q has %d characters, AWS allows %d that match %s", res.Type, name, len(name), allowed.Max, allowed.Pattern)
	}
	return len(name)
}
