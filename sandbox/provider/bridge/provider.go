// Package bridge describes the AWS provider to the Pulumi Terraform bridge: the
// tokens, names and shapes of the pulumi-aws SDK, automatic names, assets,
// default tags.
package bridge

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const (
	// Name is the package's name.
	Name = "aws"
	// Version is the version of the pulumi-aws SDK that the provider serves.
	Version = "6.83.4"
)

// Provider describes the upstream provider under mapping. metadata is what
// Generate has stored; it is empty while generating.
func Provider(upstream shim.Provider, mapping *Mapping, metadata []byte) tfbridge.ProviderInfo {
	return tfbridge.ProviderInfo{
		P:                   upstream,
		Name:                Name,
		Version:             Version,
		Description:         "The AWS provider of the sandbox: pulumi-aws, cut down to the services in use.",
		ResourcePrefix:      Name,
		GitHubOrg:           "hashicorp",
		MetadataInfo:        tfbridge.NewProviderMetadata(metadata),
		SchemaPostProcessor: foldStatements,
		Config:              config(mapping),
		Resources:           resources(mapping),
		DataSources:         functions(mapping),
		IgnoreMappings:      mapping.Ignored,
		SkipValidateProviderConfigForPluginFramework: true,
	}
}

func config(mapping *Mapping) map[string]*tfbridge.SchemaInfo {
	fields := Schemas(mapping.Config)
	defaults := map[string]*tfbridge.DefaultInfo{
		"region":                      {EnvVars: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}},
		"skip_credentials_validation": {Value: false},
		"skip_region_validation":      {Value: true},
	}
	for key, value := range defaults {
		if fields[key] == nil {
			fields[key] = &tfbridge.SchemaInfo{}
		}
		fields[key].Default = value
	}
	return fields
}

func resources(mapping *Mapping) map[string]*tfbridge.ResourceInfo {
	result := make(map[string]*tfbridge.ResourceInfo, len(mapping.Resources))
	named := autoNames()
	for upstream, entity := range mapping.Resources {
		info := &tfbridge.ResourceInfo{Tok: tokens.Type(entity.Token), Fields: Schemas(entity.Fields)}
		if entity.AutoName && !notAutoNamed[upstream] {
			nameField(info, "name", tfbridge.AutoName("name", longestName, separator))
		}
		for key, name := range named[upstream] {
			nameField(info, key, name)
		}
		if entity.Tags {
			info.PreCheckCallback = mergeTags
			field(info, "tags_all").MarkAsComputedOnly = tfbridge.True()
		}
		result[upstream] = info
	}
	override(result)
	return result
}

// nameField adds an automatic name to the mapping of a field.
func nameField(info *tfbridge.ResourceInfo, key string, name *tfbridge.SchemaInfo) {
	target := field(info, key)
	target.Name, target.Default = name.Name, name.Default
}

func functions(mapping *Mapping) map[string]*tfbridge.DataSourceInfo {
	result := make(map[string]*tfbridge.DataSourceInfo, len(mapping.Functions))
	for upstream, entity := range mapping.Functions {
		result[upstream] = &tfbridge.DataSourceInfo{
			Tok:    tokens.ModuleMember(entity.Token),
			Fields: Schemas(entity.Fields),
		}
	}
	return result
}
