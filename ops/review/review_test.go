package review

import (
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
)

func urn(token, name string) string { return "urn:pulumi:dev::didomi::" + token + "::" + name }

func resource(op, token, name string) graph.Resource {
	return graph.Resource{URN: urn(token, name), Type: token, Name: name, Op: op, Inputs: map[string]any{"size": 1.0}}
}

func stackOf(resources ...graph.Resource) *graph.Graph {
	return &graph.Graph{Project: "didomi", Stack: "dev", Resources: resources}
}

func TestLossesAreDeletionsAndReplacementsOfData(t *testing.T) {
	const cluster, function = "aws:rds/cluster:Cluster", "aws:lambda/function:Function"
	for _, tt := range []struct {
		name     string
		resource graph.Resource
		lost     bool
	}{
		{"a replaced cluster is a loss", resource("replace", cluster, "db"), true},
		{"a deleted cluster is a loss", resource("delete", cluster, "db"), true},
		{"an updated cluster is none", resource("update", cluster, "db"), false},
		{"a new cluster is none", resource("create", cluster, "db"), false},
		{"a replaced function is none", resource("replace", function, "api"), false},
		{"a replaced bucket is a loss", resource("replace", "aws:s3/bucketV2:BucketV2", "files"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if lost := len(Losses(stackOf(tt.resource))) == 1; lost != tt.lost {
				t.Errorf("lost %v, want %v", lost, tt.lost)
			}
		})
	}
}

func fingerprint(t *testing.T, resources ...graph.Resource) string {
	t.Helper()
	print, err := Fingerprint(stackOf(resources...))
	if err != nil {
		t.Fatal(err)
	}
	return print
}

func TestTheFingerprintIdentifiesAPreview(t *testing.T) {
	a, b := resource("update", "t", "a"), resource("create", "t", "b")
	want := fingerprint(t, a, b)
	with := func(change func(r *graph.Resource)) []graph.Resource {
		r := a
		change(&r)
		return []graph.Resource{r, b}
	}
	for _, tt := range []struct {
		name      string
		resources []graph.Resource
		same      bool
	}{
		{"the order of the steps does not matter", []graph.Resource{b, a}, true},
		{"what stays as it is does not matter", []graph.Resource{a, b, resource("same", "t", "c")}, true},
		{"another operation matters", with(func(r *graph.Resource) { r.Op = "replace" }), false},
		{"another value matters", with(func(r *graph.Resource) { r.Inputs = map[string]any{"size": 2.0} }), false},
		{"another resource matters", with(func(r *graph.Resource) { r.URN += "x" }), false},
		{"another reason for a replacement matters", with(func(r *graph.Resource) { r.Replaces = []string{"size"} }), false},
		{"a removed protection matters", with(func(r *graph.Resource) { r.Loosened = []string{"protect"} }), false},
		{"a step more matters", []graph.Resource{a, b, resource("delete", "t", "c")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if same := fingerprint(t, tt.resources...) == want; same != tt.same {
				t.Errorf("same %v, want %v", same, tt.same)
			}
		})
	}
}

func TestFingerprintsIgnoreTheNamesThatPulumiGenerates(t *testing.T) {
	named := func(op, name string) []graph.Resource {
		a, b := resource(op, "t", "a"), resource("update", "t", "b")
		a.Inputs, b.Inputs = map[string]any{"name": name}, map[string]any{"group": []any{name}}
		return []graph.Resource{a, b}
	}
	one, two := fingerprint(t, named("create", "a-0123abc")...), fingerprint(t, named("create", "a-4567def")...)
	if one != two {
		t.Error("two previews of the same differ")
	}
	if other := fingerprint(t, named("create", "c-0123abc")...); other == one {
		t.Error("a name that the program sets does not matter")
	}
	if fingerprint(t, named("update", "a-0123abc")...) == fingerprint(t, named("update", "a-4567def")...) {
		t.Error("another name of what is there does not matter")
	}
}

func TestChangesAreInTheOrderOfTheirURNs(t *testing.T) {
	var names []string
	for _, r := range Changes(stackOf(resource("create", "t", "b"), resource("read", "t", "r"), resource("delete", "t", "a"), resource("same", "t", "s"))) {
		names = append(names, r.Name)
	}
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("changes %v, want a and b", names)
	}
}

func TestDiagnosticsArePrinted(t *testing.T) {
	var out strings.Builder
	err := show(&out, []byte(`{"diagnostics":[{"urn":"urn:pulumi:dev::didomi::t::name","message":"it is wrong\n","severity":"error"}],"changeSummary":{"create":2}}`))
	if want := "error name: it is wrong\nchanges: {\"create\":2}\n"; err != nil || out.String() != want {
		t.Errorf("%q, %v, want %q", out.String(), err, want)
	}
	if err := show(&out, []byte(`error: no stack`)); err == nil || !strings.Contains(err.Error(), "no stack") {
		t.Errorf("what is no preview gives %v, want it said", err)
	}
}
