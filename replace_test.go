package main

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/ops/types"
)

// everything is a stack's configuration with every optional resource.
func everything(t *testing.T, stack string) config.Values {
	t.Helper()
	values := stackValues(t, "Pulumi."+stack+".yaml")
	api := map[string]any{"alarmEmails": []string{"ops@example.com"}, "requireApiKey": true, "provisionedConcurrency": 2, "provisionedMax": 4}
	if stack == "dev" { // prod has the other way to authenticate
		api["auth"], api["jwt"] = "jwt", map[string]any{"issuer": "https://login.example.com/", "audience": "https://api.example.com", "tokenRateLimit": 1000}
	}
	copies := map[string]any{"region": "eu-central-1"}
	for key, more := range map[string]map[string]any{"didomi:dns": {"delegated": true}, "didomi:api": api, "didomi:data": {"copies": copies}} {
		object := map[string]any{}
		if err := json.Unmarshal([]byte(values[key]), &object); err != nil {
			t.Fatal(err)
		}
		maps.Copy(object, more)
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		values[key] = string(text)
	}
	return values
}

// previews are the results of everyStack, which takes seconds; three tests use them.
var previews map[string]*mocks.Recorder

// everyStack are the registrations of both stacks with everything, and of one that creates its identity provider.
func everyStack(t *testing.T) map[string]*mocks.Recorder {
	t.Helper()
	if previews != nil {
		return previews
	}
	configs := map[string]config.Values{"dev": everything(t, "dev"), "prod": everything(t, "prod"), "prod with an identity provider": everything(t, "prod")}
	configs["prod with an identity provider"]["didomi:iam"] = `{"gitlabUrl": "https://gitlab.com", "projectPath": "a/b", "oidc": "create"}`
	all := map[string]*mocks.Recorder{}
	for name, values := range configs {
		r, err := mocks.Mocks{Config: values, Preview: true, Outputs: mocks.KnownSecrets}.Try(program())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = r
	}
	previews = all
	return all
}

func TestAResourceThatCannotExistTwiceIsDeletedBeforeItIsReplaced(t *testing.T) {
	for stack, r := range everyStack(t) {
		for _, res := range r.All() {
			if replacement := types.Of(res.Type).Replacement; replacement.DeleteFirst && !res.Options.DeleteBeforeReplace {
				t.Errorf("%s %s of %s is created next to the old one, and %s: give it pulumi.DeleteBeforeReplace(true)", res.Type, res.Name, stack, replacement.Why)
			}
		}
	}
}
