package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/ops/project"
)

// Names, types, tags, metrics and configuration keys begin with the name in Pulumi.yaml, whatever it is.
func TestAStackOfAnotherProjectHasNoNameOfThisOne(t *testing.T) {
	name, err := project.Name(".")
	if err != nil {
		t.Fatal(err)
	}
	other := "payments"
	if name == other {
		other = "orders"
	}
	own := regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
	for _, stack := range []string{"dev", "prod"} {
		values := projectValues(t, other, "Pulumi."+stack+".yaml")
		for key, value := range values {
			values[key] = strings.ReplaceAll(value, name, other) // as in a domain
		}
		r, err := mocks.Mocks{Project: other, Config: values, Outputs: mocks.KnownSecrets}.Try(program())
		if err != nil {
			t.Fatal(err)
		}
		for _, res := range r.All() {
			text, err := json.Marshal(res)
			if err != nil {
				t.Fatal(err)
			}
			if found := own.FindIndex(text); found != nil {
				t.Errorf("stack %s: %s %s has ...%s...", stack, res.Type, res.Name, text[max(0, found[0]-40):min(len(text), found[1]+40)])
			}
		}
		if r.Find(t, other+":api:API", other+"-test-api").Name == "" {
			t.Errorf("stack %s has no component of the type %s:api:API", stack, other)
		}
	}
}
