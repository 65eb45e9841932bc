package bridge

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// mergeTags completes a resource's inputs with tagsAll, the provider's default
// tags under the resource's own, so that a preview shows what will be set.
func mergeTags(_ context.Context, inputs, provider resource.PropertyMap) (resource.PropertyMap, error) {
	merged := inputs.Copy()
	own := inputs["tags"]
	if own.ContainsUnknowns() || resource.NewObjectProperty(provider).ContainsUnknowns() {
		merged["tagsAll"] = resource.MakeComputed(resource.NewStringProperty(""))
		return merged, nil
	}
	all := resource.PropertyMap{}
	maps.Copy(all, objectAt(provider, "defaultTags", "tags"))
	if own.IsObject() {
		maps.Copy(all, own.ObjectValue())
	}
	ignoreTags(all, provider)
	merged["tagsAll"] = resource.NewObjectProperty(all)
	return merged, nil
}

// ignoreTags drops what the provider's ignoreTags name.
func ignoreTags(tags, provider resource.PropertyMap) {
	ignored := objectAt(provider, "ignoreTags")
	keys, prefixes := stringsAt(ignored, "keys"), stringsAt(ignored, "keyPrefixes")
	maps.DeleteFunc(tags, func(key resource.PropertyKey, _ resource.PropertyValue) bool {
		name := string(key)
		return slices.Contains(keys, name) ||
			slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
}

// objectAt follows path through nested objects; nil where it ends early.
func objectAt(object resource.PropertyMap, path ...resource.PropertyKey) resource.PropertyMap {
	for _, key := range path {
		value, ok := object[key]
		if !ok || !value.IsObject() {
			return nil
		}
		object = value.ObjectValue()
	}
	return object
}

func stringsAt(object resource.PropertyMap, key resource.PropertyKey) []string {
	value, ok := object[key]
	if !ok || !value.IsArray() {
		return nil
	}
	var found []string
	for _, element := range value.ArrayValue() {
		if element.IsString() {
			found = append(found, element.StringValue())
		}
	}
	return found
}
