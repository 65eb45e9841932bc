package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed schema.json
var schemaJSON []byte

// schema is the part of the served schema that the check of inputs needs.
type schema struct {
	Types     map[string]objectSchema `json:"types"`
	Resources map[string]struct {
		Inputs map[string]propertySchema `json:"inputProperties"`
	} `json:"resources"`
}

type objectSchema struct {
	Type       string                    `json:"type"`
	Properties map[string]propertySchema `json:"properties"`
	Required   []string                  `json:"required"`
}

type propertySchema struct {
	Type                 string          `json:"type"`
	Ref                  string          `json:"$ref"`
	Plain                bool            `json:"plain"`
	Items                *propertySchema `json:"items"`
	AdditionalProperties *propertySchema `json:"additionalProperties"`
}

func parseSchema() (schema, error) {
	var s schema
	if err := json.Unmarshal(schemaJSON, &s); err != nil {
		return schema{}, fmt.Errorf("reading the embedded schema: %w", err)
	}
	return s, nil
}

// named finds the type that a property refers to. Types of other packages are unknown: ok is false.
func (s schema) named(ref string) (t objectSchema, ok bool) {
	name, local := strings.CutPrefix(ref, "#/types/")
	if !local {
		return objectSchema{}, false
	}
	t, ok = s.Types[name]
	return t, ok
}
