package derive

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-provider-aws/sandbox/bridge"
	"github.com/pulumi/inflector"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// fields derives the overrides that give schema the SDK's names and shapes.
// names has the names that no rule finds; it may be nil.
func (r *rules) fields(schema shim.SchemaMap, sdk, names map[string]string) map[string]*bridge.Field {
	result := map[string]*bridge.Field{}
	chosen := chooseNames(schema, sdk, names)
	for _, key := range slices.Sorted(maps.Keys(chosen)) {
		name := chosen[key]
		field := r.field(schema.Get(key), sdk[name])
		plain := map[string]*tfbridge.SchemaInfo{key: {MaxItemsOne: field.MaxItemsOne}}
		if tfbridge.TerraformToPulumiNameV2(key, schema, plain) != name {
			field.Name = name
		}
		if !field.Empty() {
			result[key] = field
		}
	}
	return result
}

// chooseNames pairs upstream keys with SDK properties: listed names first, then
// the bridge's choice, then other spellings of the key: the plural of index is
// indices in the bridge and indexes in the SDK.
func chooseNames(schema shim.SchemaMap, sdk, names map[string]string) map[string]string {
	chosen, taken := map[string]string{}, map[string]bool{}
	choose := func(key, name string) {
		if _, exists := sdk[name]; exists && !taken[name] && chosen[key] == "" {
			chosen[key], taken[name] = name, true
		}
	}
	for key, name := range names {
		choose(key, name)
	}
	keys := sortedKeys(schema)
	for _, key := range keys {
		choose(key, tfbridge.TerraformToPulumiNameV2(key, schema, nil))
	}
	for _, key := range keys {
		for _, spelling := range []string{key, inflector.Pluralize(key), inflector.Singularize(key), key + "es"} {
			choose(key, camel(spelling))
		}
	}
	return chosen
}

func sortedKeys(schema shim.SchemaMap) []string {
	var keys []string
	schema.Range(func(key string, _ shim.Schema) bool {
		keys = append(keys, key)
		return true
	})
	slices.Sort(keys)
	return keys
}

// field derives the overrides that give one upstream property the SDK's type.
func (r *rules) field(property shim.Schema, kind string) *bridge.Field {
	field := &bridge.Field{}
	switch property.Type() {
	case shim.TypeList, shim.TypeSet:
		elem, isList := strings.CutPrefix(kind, "[]")
		if one := !isList; kind != "any" && one != (property.MaxItems() == 1) {
			field.MaxItemsOne = &one
		}
		field.Elem = r.element(property.Elem(), elem)
	case shim.TypeMap:
		if object, ok := property.Elem().(shim.Resource); ok {
			field.Fields = r.fields(object.Schema(), r.Object(kind), nil)
			break
		}
		elem, _ := strings.CutPrefix(kind, "{}")
		field.Elem = r.element(property.Elem(), elem)
	default:
		field.Type = scalarOverride(property.Type(), kind)
	}
	return field
}

func (r *rules) element(elem any, kind string) *bridge.Field {
	var field *bridge.Field
	switch elem := elem.(type) {
	case shim.Resource:
		field = &bridge.Field{Fields: r.fields(elem.Schema(), r.Object(kind), nil)}
	case shim.Schema:
		field = r.field(elem, kind)
	}
	if field.Empty() {
		return nil
	}
	return field
}

// scalarOverride returns the Pulumi type to force, "" if the two agree.
func scalarOverride(upstream shim.ValueType, kind string) string {
	natural := map[shim.ValueType]string{
		shim.TypeString: "string", shim.TypeBool: "bool", shim.TypeInt: "int", shim.TypeFloat: "float",
	}
	forced := map[string]string{"string": "string", "bool": "boolean", "int": "integer", "float": "number"}
	if natural[upstream] == kind {
		return ""
	}
	return forced[kind]
}

// camel turns snake_case into camelCase.
func camel(name string) string {
	var title strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		if part != "" {
			title.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return strings.ToLower(title.String()[:1]) + title.String()[1:]
}
