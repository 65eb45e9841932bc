package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/didomi/serverless-api/internal/docpage"
)

// schemaTexts has a section for each schema of the contract.
func schemaTexts(schemas openapi3.Schemas) (text string) {
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		schema := schemas[name].Value
		text += "### " + name + "\n\n"
		if schema.Description != "" {
			text += schema.Description + ".\n\n"
		}
		if len(schema.OneOf) > 0 {
			var names []string
			for _, one := range schema.OneOf {
				names = append(names, schemaLink(one))
			}
			text += "One of " + strings.Join(names, ", ") + ".\n\n"
		}
		if len(schema.Properties) > 0 {
			text += docpage.Head("member", "required", "value") + memberRows(schema) + "\n"
		}
	}
	return text
}

func memberRows(schema *openapi3.Schema) (rows string) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		member := schema.Properties[name]
		value := valueText(member.Value, member.Value.Description, nil)
		if member.Ref != "" {
			value = schemaLink(member)
		}
		rows += docpage.Row("`"+name+"`", yes(slices.Contains(schema.Required, name)), value)
	}
	return rows
}

// schemaLink links to the section of a schema.
func schemaLink(schema *openapi3.SchemaRef) string {
	name := path.Base(schema.Ref)
	return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
}

// longestPattern is that of a pattern which a reader sees through; descriptions explain the others.
const longestPattern = 40

// valueText says what a value may be: its type, its limits, what it is for, and an example.
func valueText(schema *openapi3.Schema, description string, example any) string {
	parts := slices.DeleteFunc(append([]string{typeText(schema)}, limitTexts(schema)...), func(part string) bool { return part == "" })
	text := strings.Join(parts, ", ")
	if description != "" {
		text += ". " + description
	}
	if example != nil {
		formatted, _ := json.Marshal(example) // of JSON
		text += ". Example: `" + string(formatted) + "`"
	}
	return strings.TrimPrefix(text, ". ")
}

func typeText(schema *openapi3.Schema) string {
	text := "any JSON"
	if types := schema.Type.Slice(); len(types) > 0 {
		text = strings.Join(types, ", ")
	}
	switch {
	case schema.Items != nil && schema.Items.Ref != "":
		text += " of " + schemaLink(schema.Items)
	case schema.AdditionalProperties.Schema != nil && schema.AdditionalProperties.Schema.Ref != "":
		text += " of " + schemaLink(schema.AdditionalProperties.Schema)
	case schema.AdditionalProperties.Schema != nil:
		text += " of " + typeText(schema.AdditionalProperties.Schema.Value)
	case schema.Format != "":
		text += " (" + schema.Format + ")"
	}
	if schema.Nullable {
		text += " or null"
	}
	return text
}

// limitTexts are the limits of a value.
func limitTexts(schema *openapi3.Schema) (limits []string) {
	if len(schema.Enum) > 0 {
		limits = append(limits, "one of "+strings.Join(enumTexts(schema.Enum), ", "))
	}
	switch {
	case schema.Min != nil && schema.Max != nil:
		limits = append(limits, fmt.Sprintf("%.0f to %.0f", *schema.Min, *schema.Max))
	case schema.Min != nil:
		limits = append(limits, fmt.Sprintf("at least %.0f", *schema.Min))
	}
	if schema.MaxLength != nil {
		limits = append(limits, fmt.Sprintf("%d to %d characters", schema.MinLength, *schema.MaxLength))
	}
	if schema.MaxItems != nil {
		limits = append(limits, fmt.Sprintf("at most %d", *schema.MaxItems))
	}
	if schema.Default != nil {
		limits = append(limits, fmt.Sprintf("default %v", schema.Default))
	}
	if schema.Pattern != "" && len(schema.Pattern) <= longestPattern {
		limits = append(limits, "`"+schema.Pattern+"`")
	}
	return limits
}

func enumTexts(values []any) []string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = fmt.Sprint(value)
	}
	return texts
}
