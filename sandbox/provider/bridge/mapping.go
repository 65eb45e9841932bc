package bridge

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Mapping has the name and shape of each upstream type in Pulumi. It is derived
// once, when the plugin is built, and read at start-up.
type Mapping struct {
	Resources map[string]*Entity `json:"resources"`
	Functions map[string]*Entity `json:"functions"`
	Config    map[string]*Field  `json:"config"`
	// Ignored are the upstream types that the SDK does not have.
	Ignored []string `json:"ignored"`
}

// Entity is one upstream resource or data source.
type Entity struct {
	Token  string            `json:"token"`
	Fields map[string]*Field `json:"fields,omitempty"`
	// AutoName is set if the resource has a settable name of type string.
	AutoName bool `json:"autoName,omitempty"`
	// Tags is set if the resource accepts tags and tags_all: default tags are then
	// merged before a preview.
	Tags bool `json:"tags,omitempty"`
}

// Field is what differs from the bridge's own choice for one property.
type Field struct {
	Name        string            `json:"name,omitempty"`
	Type        string            `json:"type,omitempty"`
	MaxItemsOne *bool             `json:"maxItemsOne,omitempty"`
	Secret      *bool             `json:"secret,omitempty"`
	Elem        *Field            `json:"elem,omitempty"`
	Fields      map[string]*Field `json:"fields,omitempty"`
}

// Empty reports whether the field differs in nothing.
func (f *Field) Empty() bool {
	return f == nil || f.Name == "" && f.Type == "" && f.MaxItemsOne == nil && f.Secret == nil &&
		f.Elem.Empty() && len(f.Fields) == 0
}

// Schemas turns fields into what the bridge reads.
func Schemas(fields map[string]*Field) map[string]*tfbridge.SchemaInfo {
	result := make(map[string]*tfbridge.SchemaInfo, len(fields))
	for name, field := range fields {
		result[name] = field.schema()
	}
	return result
}

func (f *Field) schema() *tfbridge.SchemaInfo {
	info := &tfbridge.SchemaInfo{
		Name:        f.Name,
		Type:        tokens.Type(f.Type),
		MaxItemsOne: f.MaxItemsOne,
		Secret:      f.Secret,
	}
	if f.Elem != nil {
		info.Elem = f.Elem.schema()
	}
	if len(f.Fields) > 0 {
		info.Fields = Schemas(f.Fields)
	}
	return info
}
