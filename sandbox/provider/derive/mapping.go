// Package derive derives the names and shapes of the upstream provider's types in
// the pulumi-aws SDK, by comparing the two.
package derive

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-provider-aws/sandbox/bridge"
	"github.com/hashicorp/terraform-provider-aws/sandbox/catalog"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// providerToken is the SDK's token of the provider itself.
const providerToken = "pulumi:providers:aws"

// Mapping compares the upstream provider with the SDK. Upstream types that the
// SDK does not have are left out; two upstream types under one token are an
// error.
func Mapping(provider shim.Provider, sdk *catalog.Catalog) (*bridge.Mapping, error) {
	with := &rules{sdk}
	resources, err := with.entities(provider.ResourcesMap(), sdk.Resources, sdk.ResourceTokens)
	if err != nil {
		return nil, err
	}
	for upstream, entity := range resources {
		schema := provider.ResourcesMap().Get(upstream).Schema()
		entity.AutoName = hasSettableName(schema)
		entity.Tags = hasSettableTags(schema)
	}
	functions, err := with.entities(provider.DataSourcesMap(), sdk.Functions, sdk.FunctionTokens)
	if err != nil {
		return nil, err
	}
	config := sdk.Resources[providerToken]
	if config == nil {
		return nil, fmt.Errorf("the SDK's catalog lacks %s", providerToken)
	}
	return &bridge.Mapping{
		Resources: resources,
		Functions: functions,
		Config:    with.fields(provider.Schema(), config.Properties(), nil),
		Ignored: slices.Concat(
			missing(provider.ResourcesMap(), resources),
			missing(provider.DataSourcesMap(), functions),
		),
	}, nil
}

// missing lists the upstream types that have no entity.
func missing(upstream shim.ResourceMap, entities map[string]*bridge.Entity) []string {
	var names []string
	upstream.Range(func(name string, _ shim.Resource) bool {
		if entities[name] == nil {
			names = append(names, name)
		}
		return true
	})
	slices.Sort(names)
	return names
}

// rules derives by comparison with one catalog.
type rules struct{ *catalog.Catalog }

func (r *rules) entities(
	upstream shim.ResourceMap, members map[string]*catalog.Member, upstreamTokens map[string]string,
) (map[string]*bridge.Entity, error) {
	entities, owners := map[string]*bridge.Entity{}, map[string]string{}
	var clashes []string
	upstream.Range(func(name string, resource shim.Resource) bool {
		token := upstreamTokens[name]
		if token == "" {
			return true
		}
		if owner, taken := owners[token]; taken {
			clashes = append(clashes, fmt.Sprintf("%s and %s are both %s", owner, name, token))
		}
		owners[token] = name
		entities[name] = &bridge.Entity{
			Token:  token,
			Fields: r.entityFields(name, resource.Schema(), members[token]),
		}
		return true
	})
	if len(clashes) > 0 {
		slices.Sort(clashes)
		return nil, fmt.Errorf("correct the token in sandbox/provider/build/tokens.go: %s", strings.Join(clashes, "; "))
	}
	return entities, nil
}

// entityFields derives a type's fields and adds which of them are secret: the
// SDK decides, not the upstream provider, where they disagree at the top level.
func (r *rules) entityFields(name string, schema shim.SchemaMap, member *catalog.Member) map[string]*bridge.Field {
	fields := r.fields(schema, member.Properties(), bridge.Names(name))
	schema.Range(func(key string, property shim.Schema) bool {
		pulumiName := tfbridge.TerraformToPulumiNameV2(key, schema, bridge.Schemas(fields))
		if slices.Contains(member.Secrets, pulumiName) && !property.Sensitive() {
			field := fields[key]
			if field == nil {
				field = &bridge.Field{}
				fields[key] = field
			}
			secret := true
			field.Secret = &secret
		}
		return true
	})
	return fields
}

func hasSettableName(schema shim.SchemaMap) bool {
	name, ok := schema.GetOk("name")
	return ok && name.Type() == shim.TypeString && (name.Optional() || name.Required())
}

// hasSettableTags leaves out types whose tags_all is computed only: there the
// upstream provider merges default tags itself.
func hasSettableTags(schema shim.SchemaMap) bool {
	tags, ok := schema.GetOk("tags")
	if !ok || !tags.Optional() {
		return false
	}
	all, ok := schema.GetOk("tags_all")
	return ok && all.Optional()
}
