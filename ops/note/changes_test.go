package note

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
)

// object reads a JSON object as package graph does.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// policyOf is a policy of one statement, as the string that AWS expects.
func policyOf(actions ...string) string {
	text, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Sid": "Files", "Effect": "Allow", "Action": actions, "Resource": "arn:aws:s3:::" + strings.Repeat("a-long-name-", 20)},
	}})
	return string(text)
}

func TestEveryChangeHasALine(t *testing.T) {
	long := strings.Repeat("x", 300)
	nested := func(s string) string { text, _ := json.Marshal(map[string]any{"policy": s}); return string(text) }
	for _, tt := range []struct {
		name, was, is string
		want          []string
	}{
		{"an action that a policy gains after byte 200", nested(policyOf("s3:GetObject")), nested(policyOf("s3:GetObject", "s3:DeleteObject")),
			[]string{`-   policy.Statement: {"Action":["s3:GetObject"]`, `+   policy.Statement: {"Action":["s3:GetObject","s3:DeleteObject"]`, `!   policy.Statement "Files": with Action "s3:DeleteObject"`}},
		{"a statement that is added alone", `{"policy":"{\"Statement\":[{\"Sid\":\"A\"}]}"}`, `{"policy":"{\"Statement\":[{\"Sid\":\"A\"},{\"Sid\":\"B\"}]}"}`,
			[]string{`+   policy.Statement: {"Sid":"B"}`}},
		{"the order of statements", `{"policy":"{\"Statement\":[{\"Sid\":\"A\"},{\"Sid\":\"B\"}]}"}`, `{"policy":"{\"Statement\":[{\"Sid\":\"B\"},{\"Sid\":\"A\"}]}"}`,
			[]string{`-   policy: "{\"Statement\":[{\"Sid\":\"A\"},`, `+   policy: "{\"Statement\":[{\"Sid\":\"B\"},`}},
		{"a statement that is there twice", `{"policy":"{\"Statement\":[{\"Sid\":\"A\"}]}"}`, `{"policy":"{\"Statement\":[{\"Sid\":\"A\"},{\"Sid\":\"A\"}]}"}`,
			[]string{`+   policy.Statement: {"Sid":"A"}`}},
		{"a policy that is replaced by a string", `{"policy":"{\"Statement\":[]}"}`, `{"policy":"none"}`, []string{`-   policy: "{\"Statement\":[]}"`, `+   policy: "none"`}},
		{"a policy with a name twice is shown unchanged", `{"policy":"{\"Statement\":[],\"Statement\":[]}"}`, `{"policy":"{\"Statement\":[{\"Sid\":\"A\"}],\"Statement\":[{\"Sid\":\"B\"}]}"}`,
			[]string{`+   policy: "{\"Statement\":[{\"Sid\":\"A\"}],`}},
		{"a member of a JSON document", `{"body":"{\"paths\":{\"/a\":1}}"}`, `{"body":"{\"paths\":{\"/a\":2}}"}`, []string{`-   body:.paths["/a"]: 1`, `+   body:.paths["/a"]: 2`}},
		{"the form of a JSON document", `{"body":"{\"a\":1}"}`, `{"body":"{ \"a\":1}"}`, []string{`+   body: "{ \"a\":1}"`}},
		{"one byte of a long value", `{"v":"` + long + `a` + long + `"}`, `{"v":"` + long + `b` + long + `"}`, []string{`-   v: (260 equal bytes) "` + long[:40] + "a" + long[:40] + `" (260 equal bytes)`}},
		{"a space at the end", `{"v":"a"}`, `{"v":"a "}`, []string{`-   v: "a"`, `+   v: "a "`}},
		{"a line break for its escape", `{"v":"a\nb"}`, `{"v":"a\\nb"}`, []string{`-   v: "a\nb"`, `+   v: "a\\nb"`}},
		{"a number for its digits", `{"v":1}`, `{"v":"1"}`, []string{`-   v: 1`, `+   v: "1"`}},
		{"a character without a glyph", `{"v":"ab"}`, "{\"v\":\"a\u200bb\"}", []string{`+   v: "a\u200bb"`}},
		{"a character that turns the text round", `{"v":"ab"}`, "{\"v\":\"a\u202eb\"}", []string{`+   v: "a\u202eb"`}},
		{"an empty list", `{}`, `{"ingress":[]}`, []string{`+   ingress: []`}},
		{"an empty object", `{"rule":{}}`, `{}`, []string{`-   rule: {}`}},
		{"null", `{"v":"a"}`, `{"v":null}`, []string{`-   v: "a"`, `+   v: null`}},
		{"a list for an object", `{"v":[]}`, `{"v":{}}`, []string{`-   v: []`, `+   v: {}`}},
		{"a key with a period for two keys", `{"a":{"b":1},"a.b":2}`, `{"a":{"b":1},"a.b":3}`, []string{`-   ["a.b"]: 2`, `+   ["a.b"]: 3`}},
		{"a key of the program that begins as the engine's", `{}`, `{"__more":"a","__defaults":"b"}`, []string{`+   __more: "a"`, `+   __defaults: "b"`}},
		{"an internal property of Pulumi", `{"__defaults":["a"]}`, `{"__defaults":[]}`, []string{`!   no input differs that can be shown`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(properties(&graph.Resource{Op: "update", Before: object(t, tt.was), Inputs: object(t, tt.is)}), "\n")
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("got\n%s\nwant %s", got, want)
				}
			}
		})
	}
}

func TestAChangeOfASecretHasALine(t *testing.T) {
	secret := map[string]any{"masterPassword": graph.Secret}
	got := properties(&graph.Resource{Op: "update", Before: secret, Inputs: secret, Diffs: []string{"masterPassword"}})
	if len(got) != 1 || !strings.HasSuffix(got[0], "own: masterPassword") {
		t.Errorf("got %q", got)
	}
}

func TestARemovedProtectionHasALine(t *testing.T) {
	steps := `{"steps":[{"op":"same","urn":"` + cluster + `","oldState":{"urn":"` + cluster + `","custom":true,"protect":true,"retainOnDelete":true,"inputs":{"a":1}},
		"newState":{"urn":"` + cluster + `","custom":true,"inputs":{"a":1}}}]}`
	g, err := (&graph.Source{Preview: "-"}).Read(strings.NewReader(steps))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Note{Stacks: []*graph.Graph{g}}.Markdown()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### dev: 1 to unprotect\n", "! unprotect db (aws:rds/cluster:Cluster)\n-   the option protect of Pulumi", "\n-   the option retainOnDelete of Pulumi"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestANewResourceShowsItsInputs(t *testing.T) {
	r := &graph.Resource{Op: "create", Type: "aws:iam/policy:Policy", Name: "policy", Inputs: map[string]any{
		"description": "", "password": graph.Secret, "roles": []any{"a", graph.Unknown}, "tags": map[string]any{"x": "y"}, "policy": policyOf("s3:GetObject"),
	}}
	got := diff([]*graph.Resource{r}, 10_000, "the file")
	for _, want := range []string{
		"+ create policy (aws:iam/policy:Policy)\n", `+   description: ""`, "+   password: [secret]\n", `+   roles[0]: "a"`, "+   roles[1]: (known after the update)\n",
		`+   tags.x: "y"`, `+   policy.Statement: {"Action":["s3:GetObject"]`, `+   policy.Version: "2012-10-17"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func TestOmittedLinesAreCountedAndEveryResourceIsNamed(t *testing.T) {
	var all []*graph.Resource
	for _, name := range []string{"one", "two", "three"} {
		all = append(all, &graph.Resource{Op: "create", Name: name, Type: "t", Inputs: map[string]any{"a": strings.Repeat("é", 50), "b": "x"}})
	}
	all = append(all, &graph.Resource{Op: "adopt", Name: "four", Type: "t"})
	got := diff(all, 130, "the file")
	for _, want := range []string{
		"+ create one (t)\n+   a: \"", "+   b: \"x\"\n", "+ create two (t)\n", "... cut: 2 more lines (110 bytes), see the file\n", "+ create three (t)\n... cut: 2 more lines (120 bytes), see the file\n", "! adopt four (t)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := cut("ab\ncdé", 6, "the file"); got != "ab\n... cut: 1 more lines (4 bytes), see the file" {
		t.Errorf("got %q", got)
	}
	if got := cut("aé", 2, "the file"); got != "a\n... cut: 1 more lines (2 bytes), see the file" {
		t.Errorf("a character is cut in two: %q", got)
	}
}

func TestANoteIsNoLargerThanGitLabAccepts(t *testing.T) {
	stackOf := func(name, value string, n int) *graph.Graph {
		g := &graph.Graph{Project: "didomi", Stack: name}
		for range n {
			g.Resources = append(g.Resources, graph.Resource{Op: "create", URN: "urn", Name: strings.Repeat("n", 500), Type: "t", Inputs: map[string]any{"a": value}})
		}
		return g
	}
	huge := strings.Repeat("`\u202e\n", 40_000)
	n := Note{
		Stacks: []*graph.Graph{stackOf("dev", huge, 3), stackOf("prod", huge, 3)},
		Failed: []Failure{{"other", "error " + huge}}, Costs: []string{huge, huge},
	}
	text, err := n.Markdown()
	if err != nil || len(text)+len(marker) >= largestNote {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	for _, want := range []string{"see preview-dev.json in the artefacts of the job preview:dev", "see the log of the job preview:other", "see the artefacts of the preview's job"} {
		if !strings.Contains(text, want) {
			t.Errorf("the note does not contain %q", want)
		}
	}
	if _, err := (Note{Stacks: []*graph.Graph{stackOf("dev", "a", 2_500)}}).Markdown(); err == nil || !strings.Contains(err.Error(), "GitLab accepts 1000000") {
		t.Errorf("a note that is too large gives %v", err)
	}
}

// randomValue is a value of JSON, small enough for two to be nearly alike.
func randomValue(r *rand.Rand, depth int) any {
	switch r.IntN(7 - min(depth, 3)) {
	case 0, 1:
		return []any{"", "a", "a ", "1", "null", "[]", "{}", `{"a":1}`, `{"a": 1}`, `{"Statement":[]}`, `{"Statement":[1,"1"]}`, `{"Statement":["1",1]}`, `{"Statement":{"Sid":"a"}}`, `{"a":1,"a":2}`, "\u00a0", "\\u00a0"}[r.IntN(16)]
	case 2:
		return []any{nil, true, false, 0.0, 1.0}[r.IntN(5)]
	case 3, 4:
		out := map[string]any{}
		for range r.IntN(3) {
			out[[]string{"a", "b", "a.b", "Statement", "__defaults", "a]"}[r.IntN(6)]] = randomValue(r, depth+1)
		}
		return program(out)
	default:
		out := []any{}
		for range r.IntN(3) {
			out = append(out, randomValue(r, depth+1))
		}
		return out
	}
}

func TestDifferentValuesHaveDifferentLines(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 7))
	for range 20_000 {
		a, b := randomValue(r, 0), randomValue(r, 0)
		lines := compare("v", a, b)
		wasJSON, _ := json.Marshal(a)
		isJSON, _ := json.Marshal(b)
		if (len(lines) == 0) != (string(wasJSON) == string(isJSON)) {
			t.Fatalf("%s and %s give %v", wasJSON, isJSON, lines)
		}
		removed, added := map[string]int{}, map[string]int{}
		for _, l := range lines {
			switch l.sign {
			case '-':
				removed[l.path+": "+l.text]++
			case '+':
				added[l.path+": "+l.text]++
			}
		}
		for text, n := range removed {
			if added[text] >= n {
				t.Fatalf("%s and %s: %s is removed and added", wasJSON, isJSON, text)
			}
		}
	}
}
