package audit

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// stack is a graph that a test changes.
type stack struct {
	*graph.Graph
	t *testing.T
}

// sound is a part of a recorded state of prod that meets every rule: one zone, and one each of its many policies and
// logs.
func sound(t *testing.T) stack {
	t.Helper()
	g, err := readState("testdata/prod.json")
	if err != nil {
		t.Fatal(err)
	}
	return stack{g, t}
}

// one is the resource whose name has this suffix; with an empty suffix the first one of the type.
func (s stack) one(token, end string) *graph.Resource {
	s.t.Helper()
	for _, r := range s.ByType(token) {
		if strings.HasSuffix(r.Name, end) {
			return r
		}
	}
	s.t.Fatalf("no %s ...%s", token, end)
	return nil
}

func (s stack) set(token, end, input string, value any) {
	s.t.Helper()
	r := s.one(token, end)
	delete(r.Outputs, input)
	r.Inputs[input] = value
}

func (s stack) add(token, name string, inputs map[string]any) *graph.Resource {
	s.Resources = append(s.Resources, graph.Resource{
		URN: "urn:pulumi:prod::didomi::" + token + "::" + name, Type: token, Name: name, ID: name, Custom: true,
		Inputs: inputs, Outputs: map[string]any{},
	})
	return &s.Resources[len(s.Resources)-1]
}

func (s stack) remove(token, end string) {
	s.t.Helper()
	urn := s.one(token, end).URN
	s.Resources = slices.DeleteFunc(s.Resources, func(r graph.Resource) bool { return r.URN == urn })
}

// example changes the sound stack, with the expected findings: "name: what".
type example struct {
	change func(s stack)
	want   []string
}

func check(t *testing.T, rule string, examples map[string]example) {
	t.Helper()
	for name, e := range examples {
		t.Run(name, func(t *testing.T) {
			s := sound(t)
			e.change(s)
			all, _ := Check(s.Graph)
			var got []string
			for _, f := range all {
				_, resource, _ := strings.Cut(f.Resource, " ")
				if f.Rule == rule {
					got = append(got, strings.TrimPrefix(resource, "didomi-prod-")+": "+f.What)
				}
				if f.Do == "" {
					t.Errorf("%+v does not have what to do", f)
				}
			}
			slices.Sort(got)
			slices.Sort(e.want)
			if !reflect.DeepEqual(got, e.want) {
				t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(e.want, "\n  "))
			}
		})
	}
}

func TestASoundStackHasNoFindings(t *testing.T) {
	found, facts := Check(sound(t).Graph)
	for _, f := range found {
		t.Errorf("%+v", f)
	}
	for _, rule := range []string{"reachability", "encryption", "exposure", "durability", "paging"} {
		if len(facts[rule]) == 0 {
			t.Errorf("%s has examined nothing", rule)
		}
	}
}

func TestWhatAPreviewDeletesIsNotJudged(t *testing.T) {
	s := sound(t)
	s.add("aws:lambda/functionUrl:FunctionUrl", "url", map[string]any{"authorizationType": "NONE"})
	if found, _ := Check(s.Graph); len(found) != 1 {
		t.Fatalf("got %v, want the function's URL found", found)
	}
	s.one("aws:lambda/functionUrl:FunctionUrl", "url").Op = "delete"
	if found, _ := Check(s.Graph); len(found) != 0 {
		t.Errorf("got %v although the URL is deleted", found)
	}
}

// run runs the command and returns its exit code and what it printed.
func run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	table := []command.Command{{Name: "audit", Run: Run}}
	code := command.Main(context.Background(), table, command.IO{Stdout: &stdout, Stderr: &stderr}, append([]string{"audit"}, args...))
	return code, stdout.String() + stderr.String()
}

func TestTheExitCodeReportsWhetherThereAreFindings(t *testing.T) {
	content, err := os.ReadFile("testdata/prod.json")
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.json")
	text := strings.Replace(string(content), `"storageEncrypted": true`, `"storageEncrypted": false`, 1)
	if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	calls := filepath.Join(t.TempDir(), "calls.jsonl")
	if err := os.WriteFile(calls, []byte(`{"principal":"arn:aws:iam::000000000000:user/nobody","action":"ec2:CreateVpc","resource":"*","allowed":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"reasons for what is not granted":   {[]string{"--state", "testdata/prod.json", "--used", calls}, 1, "gives a reason for ec2:DeleteNetworkInterface, which is used or not granted\n  to do: remove the reason"},
		"nothing found":                     {[]string{"--state", "testdata/prod.json"}, 0, "didomi prod: 76 resources, 13 rules, 0 findings"},
		"something found":                   {[]string{"--state", broken}, 1, "encryption: aws:rds/cluster:Cluster didomi-prod-data-cluster\n  is not encrypted at rest\n  to do: set storageEncrypted"},
		"what the rules judge by":           {[]string{"--state", "testdata/prod.json", "--explain"}, 0, "reachability: proxy didomi-prod-data-proxy -> cluster didomi-prod-data-cluster port 5432\n"},
		"another stack of the same names":   {[]string{"--state", "testdata/prod.json", "--other-state", "testdata/prod.json"}, 1, "as is didomi-prod-data-cluster of the stack prod"},
		"another stack's missing file":      {[]string{"--state", "testdata/prod.json", "--other-state", "none.json"}, 1, "none.json"},
		"neither a state nor a preview":     {nil, 2, "set one of --state and --preview"},
		"a file that is not what it is for": {[]string{"--preview", "testdata/prod.json"}, 1, "testdata/prod.json: the preview has no resources"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, printed := run(t, c.args...); code != c.code || !strings.Contains(printed, c.want) {
				t.Errorf("exit %d, want %d with %q in\n%s", code, c.code, c.want, printed)
			}
		})
	}
}

func TestEveryTypeOfARecordedStackHasARow(t *testing.T) {
	for _, r := range sound(t).Resources {
		if _, ok := types.Find(r.Type); !ok && strings.HasPrefix(r.Type, "aws:") {
			t.Errorf("%s (%s) has no row in ops/types", r.Type, r.Name)
		}
	}
}
