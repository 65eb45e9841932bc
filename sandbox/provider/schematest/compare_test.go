package schematest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-provider-aws/sandbox/catalog"
)

// comparison collects where the bridged schema differs from the SDK.
type comparison struct {
	sdk    *catalog.Catalog
	schema *packageSchema
	found  []string
	seen   map[string]bool
}

func newComparison(sdk *catalog.Catalog, schema *packageSchema) *comparison {
	return &comparison{sdk: sdk, schema: schema, seen: map[string]bool{}}
}

func (c *comparison) differ(path, format string, args ...any) {
	c.found = append(c.found, path+": "+fmt.Sprintf(format, args...))
}

// resource compares one resource of the SDK with the schema's.
func (c *comparison) resource(token string) {
	sdk := c.sdk.Resources[token]
	bridged := c.schema.Resources[token]
	if token == providerToken {
		bridged = c.schema.Provider
	}
	if bridged == nil {
		c.differ(token, "not in the schema")
		return
	}
	c.object(token+" in", sdk.Inputs, bridged.InputProperties)
	c.object(token+" out", sdk.Outputs, bridged.Properties)
	c.required(token, sdk.Inputs, bridged.RequiredInputs)
}

// function compares one function of the SDK with the schema's.
func (c *comparison) function(token string) {
	sdk, bridged := c.sdk.Functions[token], c.schema.Functions[token]
	if bridged == nil {
		c.differ(token, "not in the schema")
		return
	}
	if bridged.Inputs == nil {
		bridged.Inputs = &objectSchema{}
	}
	c.object(token+" in", sdk.Inputs, bridged.Inputs.Properties)
	if bridged.Outputs == nil {
		bridged.Outputs = &objectSchema{}
	}
	c.object(token+" out", sdk.Outputs, bridged.Outputs.Properties)
	c.required(token, sdk.Inputs, bridged.Inputs.Required)
}

// required finds inputs that the provider insists on and no program can give.
func (c *comparison) required(token string, inputs map[string]string, required []string) {
	for _, name := range required {
		if _, ok := inputs[name]; !ok {
			c.differ(token+" in."+name, "required, and not in the SDK")
		}
	}
}

func (c *comparison) object(path string, sdk map[string]string, bridged map[string]*property) {
	for name, kind := range sdk {
		at := path + "." + name
		if property, ok := bridged[name]; ok {
			c.property(at, kind, property)
			continue
		}
		c.differ(at, "missing (%s)", kind)
	}
}

// property compares a type in the catalog's notation with the schema's.
func (c *comparison) property(path, kind string, bridged *property) {
	if elem, ok := strings.CutPrefix(kind, "[]"); ok {
		if bridged.Type != "array" {
			c.differ(path, "want a list, got %s", describe(bridged))
			return
		}
		c.property(path+"[]", elem, bridged.Items)
		return
	}
	if elem, ok := strings.CutPrefix(kind, "{}"); ok {
		if bridged.Type != "object" || bridged.AdditionalProperties == nil {
			c.differ(path, "want a map, got %s", describe(bridged))
			return
		}
		c.property(path+"{}", elem, bridged.AdditionalProperties)
		return
	}
	if object := c.sdk.Object(kind); object != nil {
		c.nested(path, kind, object, bridged)
		return
	}
	if !slices.Contains(accepted(kind), describe(bridged)) {
		c.differ(path, "want %s, got %s", kind, describe(bridged))
	}
}

func (c *comparison) nested(path, kind string, object map[string]string, bridged *property) {
	name, ok := strings.CutPrefix(bridged.Ref, "#/types/")
	if !ok || c.schema.Types[name] == nil {
		c.differ(path, "want an object, got %s", describe(bridged))
		return
	}
	pair := kind + " " + name
	if c.seen[pair] {
		return
	}
	c.seen[pair] = true
	c.object(path, object, c.schema.Types[name].Properties)
}

// accepted returns what the schema may have for a scalar of the SDK. Go has no
// unions: the SDK has "any" for them, and for enumerations.
func accepted(kind string) []string {
	switch kind {
	case "bool":
		return []string{"boolean"}
	case "int":
		return []string{"integer"}
	case "float":
		return []string{"number"}
	case "any":
		return []string{"string", "union", "pulumi.json#/Any"}
	case "archive":
		return []string{"pulumi.json#/Archive"}
	case "asset":
		return []string{"pulumi.json#/Asset"}
	}
	return []string{kind}
}

func describe(bridged *property) string {
	switch {
	case bridged == nil:
		return "nothing"
	case len(bridged.OneOf) > 0:
		return "union"
	case bridged.Ref != "":
		return bridged.Ref
	}
	return bridged.Type
}
