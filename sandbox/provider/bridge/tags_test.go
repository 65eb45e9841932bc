package bridge

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestMergeTags(t *testing.T) {
	defaults := map[string]any{
		"defaultTags": map[string]any{"tags": map[string]any{"application": "didomi", "purpose": "api"}},
	}
	tests := []struct {
		name     string
		inputs   map[string]any
		provider map[string]any
		want     map[string]any
	}{
		{
			name:     "a resource's own tags win over default tags",
			inputs:   map[string]any{"tags": map[string]any{"purpose": "files"}},
			provider: defaults,
			want:     map[string]any{"application": "didomi", "purpose": "files"},
		},
		{
			name:     "a resource without tags gets the default tags",
			provider: defaults,
			want:     map[string]any{"application": "didomi", "purpose": "api"},
		},
		{
			name:     "ignored keys and prefixes are left out",
			inputs:   map[string]any{"tags": map[string]any{"a": "1", "k8s/b": "2", "c": "3"}},
			provider: map[string]any{"ignoreTags": map[string]any{"keys": []any{"a"}, "keyPrefixes": []any{"k8s/"}}},
			want:     map[string]any{"c": "3"},
		},
		{name: "nothing gives no tags", want: map[string]any{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			merged, err := mergeTags(t.Context(), resource.NewPropertyMapFromMap(test.inputs),
				resource.NewPropertyMapFromMap(test.provider))
			if err != nil {
				t.Fatal(err)
			}
			want := resource.NewObjectProperty(resource.NewPropertyMapFromMap(test.want))
			if !merged["tagsAll"].DeepEquals(want) {
				t.Errorf("want %v, got %v", want, merged["tagsAll"])
			}
		})
	}
	t.Run("an unknown tag makes tagsAll unknown", func(t *testing.T) {
		unknown := resource.MakeComputed(resource.NewStringProperty(""))
		merged, err := mergeTags(t.Context(), resource.PropertyMap{
			"tags": resource.NewObjectProperty(resource.PropertyMap{"a": unknown}),
		}, nil)
		if err != nil || !merged["tagsAll"].IsComputed() {
			t.Errorf("want an unknown, got %v, %v", merged["tagsAll"], err)
		}
	})
}
