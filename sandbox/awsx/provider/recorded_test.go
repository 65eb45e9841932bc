package provider

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// recording is what the real component registered for some arguments.
type recording struct {
	Args      map[string]any `json:"args"`
	Outputs   map[string]any `json:"outputs"`
	Resources []child        `json:"resources"`
}

// layouts are the output subnetLayout of each recorded case, of which the recording has only the shape: its values
// were outputs, which do not print.
var layouts = map[string]string{
	"auto-3az-single-nat-three-tiers": `[{"cidrMask":24,"size":256,"type":"Public"},
		{"cidrMask":20,"size":4096,"type":"Private"},{"cidrMask":24,"size":256,"type":"Isolated"}]`,
	"auto-3az-defaults-one-nat-per-az": `[{"cidrMask":19,"type":"Private"},{"cidrMask":20,"type":"Public"}]`,
	"auto-2az-no-nat":                  `[{"type":"Public"},{"type":"Isolated"}]`,
	"exact-2az":                        `[{"cidrMask":24,"size":256,"type":"Isolated"},{"cidrMask":24,"size":256,"type":"Public"}]`,
}

func TestTheComponentRegistersTheRecordedResourcesOfTheRealOne(t *testing.T) {
	data, err := os.ReadFile("testdata/vpc-v2.22.0.json")
	if err != nil {
		t.Fatal(err)
	}
	var recordings map[string]recording
	if err := json.Unmarshal(data, &recordings); err != nil {
		t.Fatal(err)
	}
	if len(recordings) != len(layouts) {
		t.Fatalf("%d cases are recorded, but there are layouts for %d", len(recordings), len(layouts))
	}
	for name, want := range recordings {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t)
			outputs, err := e.construct(t, want.Args)
			if err != nil {
				t.Fatal(err)
			}
			sameChildren(t, e.sorted(), sortedChildren(want.Resources))
			var layout any
			if err := json.Unmarshal([]byte(layouts[name]), &layout); err != nil {
				t.Fatal(err)
			}
			sameShape(t, want.Outputs["subnetLayout"], layout)
			want.Outputs["subnetLayout"] = layout
			for key, value := range want.Outputs {
				if !reflect.DeepEqual(outputs[key], value) {
					t.Errorf("output %s is %v, want %v", key, outputs[key], value)
				}
			}
		})
	}
}

func sameChildren(t *testing.T, got, want []child) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s %s", want[i].Type, want[i].Name)
		case i >= len(want):
			t.Errorf("too much: %s %s", got[i].Type, got[i].Name)
		case got[i].Type != want[i].Type || got[i].Name != want[i].Name:
			t.Fatalf("resource %d is %s %s, want %s %s", i, got[i].Type, got[i].Name, want[i].Type, want[i].Name)
		case !reflect.DeepEqual(got[i].Inputs, want[i].Inputs):
			t.Errorf("inputs of %s %s are\n%v, want\n%v", got[i].Type, got[i].Name, got[i].Inputs, want[i].Inputs)
		}
	}
}

// sameShape compares a layout with the recorded one, whose values are only placeholders.
func sameShape(t *testing.T, recorded, layout any) {
	t.Helper()
	entries := recorded.([]any)
	if len(entries) != len(layout.([]any)) {
		t.Fatalf("the recorded layout has %d entries, want %d", len(entries), len(layout.([]any)))
	}
	for i, entry := range layout.([]any) {
		placeholders := entries[i].(map[string]any)
		for key := range entry.(map[string]any) {
			if text, ok := placeholders[key].(string); !ok || !strings.HasPrefix(text, "Calling [toJSON]") {
				t.Errorf("entry %d has %s, which was not recorded", i, key)
			}
		}
		if len(placeholders) != len(entry.(map[string]any)) {
			t.Errorf("entry %d has other keys than the recorded %v", i, placeholders)
		}
	}
}
