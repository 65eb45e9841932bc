package derive

import (
	"testing"

	"github.com/hashicorp/terraform-provider-aws/sandbox/bridge"
	"github.com/hashicorp/terraform-provider-aws/sandbox/catalog"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/schema"
)

func property(kind shim.ValueType, maxItems int, elem any) shim.Schema {
	return (&schema.Schema{Type: kind, MaxItems: maxItems, Elem: elem, Optional: true}).Shim()
}

func TestFields(t *testing.T) {
	text := property(shim.TypeString, 0, nil)
	block := (&schema.Resource{Schema: schema.SchemaMap{"enabled": text}}).Shim()
	with := &rules{&catalog.Catalog{Types: map[string]map[string]string{
		"s3.Versioning": {"enabled": "bool"},
	}}}
	tests := []struct {
		name     string
		upstream shim.Schema
		key      string
		sdk      map[string]string
		stated   map[string]string
		want     bridge.Field
	}{
		{"a stated name is taken", text, "rest_api_id", map[string]string{"restApi": "string"},
			map[string]string{"rest_api_id": "restApi"}, bridge.Field{Name: "restApi"}},
		{"a list that the SDK does not pluralise keeps its name", property(shim.TypeList, 0, text), "ingress",
			map[string]string{"ingress": "[]string"}, nil, bridge.Field{Name: "ingress"}},
		{"a plural that the bridge writes in another way is the SDK's", property(shim.TypeList, 0, text), "local_index",
			map[string]string{"localIndexes": "[]string"}, nil, bridge.Field{Name: "localIndexes"}},
		{"a single that the SDK has as a list becomes one", property(shim.TypeList, 1, text), "alias",
			map[string]string{"aliases": "[]string"}, nil, bridge.Field{MaxItemsOne: new(bool)}},
		{"a text that the SDK has as a number is forced", text, "size", map[string]string{"size": "int"}, nil,
			bridge.Field{Type: "integer"}},
		{"what the SDK does not have is left alone", text, "region", nil, nil, bridge.Field{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fields := with.fields(schema.SchemaMap{test.key: test.upstream}, test.sdk, test.stated)
			got := fields[test.key]
			if got == nil {
				got = &bridge.Field{}
			}
			same := got.Name == test.want.Name && got.Type == test.want.Type &&
				(got.MaxItemsOne == nil) == (test.want.MaxItemsOne == nil)
			if !same || got.MaxItemsOne != nil && *got.MaxItemsOne != *test.want.MaxItemsOne {
				t.Errorf("want %+v, got %+v", test.want, *got)
			}
		})
	}
	t.Run("a block's own fields are derived too", func(t *testing.T) {
		fields := with.fields(schema.SchemaMap{"versioning": property(shim.TypeList, 1, block)},
			map[string]string{"versioning": "@s3.Versioning"}, nil)
		if got := fields["versioning"]; got == nil || got.Elem == nil || got.Elem.Fields["enabled"].Type != "boolean" {
			t.Errorf("want the block's enabled as a boolean, got %+v", got)
		}
	})
}
