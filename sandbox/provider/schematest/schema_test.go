package schematest

import (
	"encoding/json"
	"os"
	"testing"
)

// What `go run .` in sandbox/provider/build writes.
const (
	schemaFile  = "../../../.sandbox/bin/pulumi-resource-aws.data/schema.json"
	catalogFile = "../../../.sandbox/build/terraform-provider-aws/pulumi-aws-sdk.json"
)

// packageSchema is the part of a Pulumi package schema that is compared.
type packageSchema struct {
	Config    struct{ Variables map[string]*property }
	Provider  *resourceSchema
	Resources map[string]*resourceSchema
	Functions map[string]*functionSchema
	Types     map[string]*objectSchema
}

type resourceSchema struct {
	Properties      map[string]*property
	InputProperties map[string]*property
	RequiredInputs  []string
}

type functionSchema struct {
	Inputs  *objectSchema
	Outputs *objectSchema
}

type objectSchema struct {
	Properties map[string]*property
	Required   []string
	Type       string
}

type property struct {
	Type                 string
	Ref                  string `json:"$ref"`
	Items                *property
	AdditionalProperties *property
	OneOf                []*property
}

func readSchema(t *testing.T) *packageSchema {
	t.Helper()
	content, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatalf("the provider is not built, run `go run .` in sandbox/provider/build: %v", err)
	}
	schema := &packageSchema{}
	if err := json.Unmarshal(content, schema); err != nil {
		t.Fatalf("decode %s: %v", schemaFile, err)
	}
	return schema
}
