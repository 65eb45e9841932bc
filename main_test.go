package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestNothingIsRegisteredWithAWrongConfiguration(t *testing.T) {
	values := stackValues(t, "Pulumi.dev.yaml")
	values["didomi:network"] = `{"zones": 1, "cidr": "", "colour": "red"}`
	r, err := mocks.Mocks{Config: values}.Try(program())
	if err == nil {
		t.Fatal("the program accepted the configuration")
	}
	if got := r.All(); len(got) != 0 {
		t.Errorf("%d resources were registered, the first one %s", len(got), got[0].Name)
	}
}

// program is the program of main, with the configuration of its run.
func program() (pulumi.RunFunc, pulumi.RunOption) {
	var values config.Values
	return func(ctx *pulumi.Context) error { return provision(ctx, values) }, config.Capture(&values)
}

func TestEveryStackPreviewsWithEachComponentUnderOneProvider(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			values := stackValues(t, "Pulumi."+stack+".yaml")
			m := mocks.Mocks{Config: values, Preview: true, Outputs: mocks.KnownSecrets}
			r, err := m.Try(program())
			if err != nil {
				t.Fatal(err)
			}
			components := map[string]int{}
			for _, res := range r.All() {
				if tags, _ := res.Inputs["tags"].(map[string]any); slices.ContainsFunc(slices.Collect(maps.Keys(tags)), stacktag.Matches) {
					t.Errorf("%s %s sets a tag that only the provider may set: %v", res.Type, res.Name, tags)
				}
				if res.ParentName() == "didomi-test" {
					components[res.Type]++
				} else if res.Provider == "" && !res.Options.Remote && !slices.Contains([]string{"didomi:data:Copies", "didomi:keys:Copies"}, res.Type) {
					t.Errorf("%s %s is created by the default provider", res.Type, res.Name)
				}
			}
			// Copies have a provider of their own.
			providers := 1
			if strings.Contains(values["didomi:data"], `"copies"`) {
				providers = 2
			}
			if components["pulumi:providers:aws"] != providers {
				t.Errorf("there are %d providers, want %d", components["pulumi:providers:aws"], providers)
			}
			delete(components, "pulumi:providers:aws")
			for _, token := range []string{
				"didomi:iam:IAM", "didomi:keys:Keys", "didomi:dns:DNS", "didomi:network:Network",
				"didomi:data:Data", "didomi:api:API", "aws:apigateway/account:Account",
			} {
				if components[token] != 1 {
					t.Errorf("%s is registered %d times on the stack, want once", token, components[token])
				}
				delete(components, token)
			}
			if len(components) != 0 {
				t.Errorf("%v have no component as parent", components)
			}
			tags := r.Find(t, "pulumi:providers:aws", "aws").Inputs["defaultTags"].(map[string]any)["tags"].(map[string]any)
			if tags[stacktag.Key] != mocks.Project+"/"+mocks.Stack || tags["environment"] != stack {
				t.Errorf("the provider's default tags are %v", tags)
			}
		})
	}
}

func TestPagesThatMayCallTheAPIMayUseItsRedirectsToTheBucket(t *testing.T) {
	const token = "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2"
	for stack, origins := range map[string][]any{"dev": {"http://localhost:3000"}, "prod": nil} {
		t.Run(stack, func(t *testing.T) {
			values := stackValues(t, "Pulumi."+stack+".yaml")
			r, err := mocks.Mocks{Config: values, Preview: true, Outputs: mocks.KnownSecrets}.Try(program())
			if err != nil {
				t.Fatal(err)
			}
			var got []any
			for _, res := range r.OfType(token) {
				got = append(got, res.Inputs["corsRules"].([]any)[0].(map[string]any)["allowedOrigins"].([]any)...)
			}
			if !slices.Equal(got, origins) {
				t.Errorf("the bucket allows pages of %v, want %v", got, origins)
			}
		})
	}
}

// The deploy role changes and passes roles with these names: each needs the workload boundary.
func TestEveryRoleOutsideOfIAMHasTheWorkloadBoundary(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		known := map[string]func(mocks.Resource) map[string]any{
			"aws:iam/policy:Policy": func(r mocks.Resource) map[string]any { return map[string]any{"arn": "policy/" + r.Name} },
		}
		maps.Copy(known, mocks.KnownSecrets)
		r, err := mocks.Mocks{Config: everything(t, stack), Preview: true, Outputs: known}.Try(program())
		if err != nil {
			t.Fatal(err)
		}
		roles := 0
		for _, role := range r.OfType("aws:iam/role:Role") {
			if role.ParentName() == "didomi-test-iam" {
				continue
			}
			roles++
			if got := role.Inputs["permissionsBoundary"]; got != "policy/didomi-test-iam-workload" {
				t.Errorf("%s: %s has the boundary %v", stack, role.Name, got)
			}
			name := strings.TrimPrefix(role.Name, "didomi-test-")
			if !slices.ContainsFunc([]string{"api-", "data-", "network-"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
				t.Errorf("%s: the deploy role cannot create %s", stack, role.Name)
			}
		}
		if roles < 4 {
			t.Errorf("%s has %d roles", stack, roles)
		}
	}
}
