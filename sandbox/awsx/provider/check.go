package provider

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/errors"
)

// checker compares inputs with the schema and collects every problem.
type checker struct {
	schema   schema
	problems []errors.InputPropertyErrorDetails
}

// checkInputs returns an error that names every input of the component that the schema does not have, that is missing,
// of the wrong type or, where the component needs it at once, an output.
func checkInputs(s schema, token string, inputs resource.PropertyMap) error {
	c := checker{schema: s}
	c.object("", objectSchema{Properties: s.Resources[token].Inputs}, inputs)
	if len(c.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(c.problems, func(a, b errors.InputPropertyErrorDetails) int {
		return cmp.Compare(a.PropertyPath, b.PropertyPath)
	})
	return errors.NewInputPropertiesError("bad inputs for "+token, c.problems...)
}

func (c *checker) report(path, format string, args ...any) {
	c.problems = append(c.problems, errors.InputPropertyErrorDetails{
		PropertyPath: path, Reason: fmt.Sprintf(format, args...),
	})
}

func (c *checker) object(path string, t objectSchema, object resource.PropertyMap) {
	for key, value := range object {
		inner := join(path, string(key))
		if strings.HasPrefix(string(key), "__") || value.IsNull() {
			continue
		}
		if p, known := t.Properties[string(key)]; known {
			c.value(inner, p, value)
			continue
		}
		c.report(inner, "is not an input of the sandbox's awsx: known here are %s",
			strings.Join(slices.Sorted(maps.Keys(t.Properties)), ", "))
	}
	for _, key := range t.Required {
		if value, set := object[resource.PropertyKey(key)]; !set || value.IsNull() {
			c.report(join(path, key), "is missing")
		}
	}
}

func (c *checker) value(path string, p propertySchema, v resource.PropertyValue) {
	v, known := c.known(path, p, v)
	if !known {
		return
	}
	if p.Ref != "" {
		t, ours := c.schema.named(p.Ref)
		switch {
		case !ours:
		case t.Type == "object":
			c.typed(path, v.IsObject(), "an object", v)
			if v.IsObject() {
				c.object(path, t, v.ObjectValue())
			}
		default:
			c.typed(path, v.IsString(), "a string", v)
		}
		return
	}
	switch p.Type {
	case "string":
		c.typed(path, v.IsString(), "a string", v)
	case "boolean":
		c.typed(path, v.IsBool(), "a boolean", v)
	case "integer":
		c.typed(path, v.IsNumber() && v.NumberValue() == math.Trunc(v.NumberValue()), "an integer", v)
	case "array":
		c.array(path, p, v)
	case "object":
		c.dictionary(path, p, v)
	}
}

// known returns the value of a known output. Unknown and secret values are not available, and are rejected where the
// component needs the plain value.
func (c *checker) known(path string, p propertySchema, v resource.PropertyValue) (resource.PropertyValue, bool) {
	hidden := v.IsSecret() || v.IsComputed()
	if v.IsOutput() {
		output := v.OutputValue()
		hidden = !output.Known || output.Secret
		v = output.Element
	}
	if hidden && p.Plain {
		c.report(path, "must be a plain value that is known before the deployment, not an output or a secret")
	}
	return v, !hidden && !v.IsNull()
}

func (c *checker) array(path string, p propertySchema, v resource.PropertyValue) {
	c.typed(path, v.IsArray(), "a list", v)
	if !v.IsArray() {
		return
	}
	for i, element := range v.ArrayValue() {
		inner := fmt.Sprintf("%s[%d]", path, i)
		if element.IsNull() {
			c.report(inner, "is missing")
			continue
		}
		c.value(inner, *p.Items, element)
	}
}

func (c *checker) dictionary(path string, p propertySchema, v resource.PropertyValue) {
	c.typed(path, v.IsObject(), "an object", v)
	if !v.IsObject() {
		return
	}
	for key, element := range v.ObjectValue() {
		if !strings.HasPrefix(string(key), "__") && !element.IsNull() {
			c.value(join(path, string(key)), *p.AdditionalProperties, element)
		}
	}
}

func (c *checker) typed(path string, right bool, want string, v resource.PropertyValue) {
	if !right {
		c.report(path, "must be %s, not %s", want, v.TypeString())
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
