package graph_test

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
)

const (
	component = "urn:pulumi:dev::didomi::didomi:data:Data::didomi-dev-data"
	in        = "urn:pulumi:dev::didomi::didomi:data:Data$"
	key       = in + "aws:kms/key:Key::didomi-dev-data"
	secret    = in + "aws:secretsmanager/secret:Secret::didomi-dev-data-cache"
	version   = in + "aws:secretsmanager/secretVersion:SecretVersion::didomi-dev-data-cache"
	cache     = in + "aws:elasticache/replicationGroup:ReplicationGroup::didomi-dev-data-cache"
	newGroup  = in + "aws:ec2/securityGroup:SecurityGroup::didomi-dev-new"
	oldTopic  = in + "aws:sns/topic:Topic::didomi-dev-old"
)

// read reads a file of testdata as a command does.
func read(t *testing.T, option string) *graph.Graph {
	t.Helper()
	var source graph.Source
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	source.Register(flags)
	if err := flags.Parse([]string{"--" + option, "testdata/" + option + ".json"}); err != nil {
		t.Fatal(err)
	}
	g, err := source.Read(nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func find(t *testing.T, g *graph.Graph, urn string) *graph.Resource {
	t.Helper()
	r := g.Find(urn)
	if r == nil {
		t.Fatalf("no %s", urn)
	}
	return r
}

func names(list []*graph.Resource) []string {
	var all []string
	for _, r := range list {
		all = append(all, r.Name)
	}
	return all
}

func TestAStateIsReadWithoutItsSecretsAndWithoutWhatIsToBeDeleted(t *testing.T) {
	g := read(t, "state")
	if g.Project != "didomi" || g.Stack != "dev" || len(g.Resources) != 5 {
		t.Errorf("got %d resources of %s %s, want 5 of didomi dev", len(g.Resources), g.Project, g.Stack)
	}
	k := find(t, g, key)
	if k.Type != "aws:kms/key:Key" || k.Name != "didomi-dev-data" || k.Parent != component || k.ID != "8b0c2d1e" || !k.Custom || !k.Protect || k.Op != "" {
		t.Errorf("the key is read as %+v", k)
	}
	want := map[string]any{
		"secretId":      "arn:aws:secretsmanager:eu-west-1:000000000000:secret:didomi-dev-data-cache-1",
		"secretString":  graph.Secret,
		"versionStages": []any{"AWSCURRENT", graph.Secret},
		"versionId":     "made up",
	}
	if got := find(t, g, version).Inputs; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAPreviewHasTheOperationOfEachResource(t *testing.T) {
	g := read(t, "preview")
	for name, c := range map[string]struct {
		urn, op         string
		diffs, replaces []string
	}{
		"an update names what differs": {key, "update", []string{"enableKeyRotation"}, nil},
		"a creation":                   {newGroup, "create", nil, nil},
		"a replacement is one resource, and names the property that forces it": {cache, "replace", []string{"port", "securityGroupIds[0]"}, []string{"port"}},
		"a deletion": {oldTopic, "delete", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := find(t, g, c.urn)
			if r.Op != c.op || !reflect.DeepEqual(r.Diffs, c.diffs) || !reflect.DeepEqual(r.Replaces, c.replaces) {
				t.Errorf("got %s %v %v, want %+v", r.Op, r.Diffs, r.Replaces, c)
			}
		})
	}
	if len(g.Resources) != 5 {
		t.Errorf("got %d resources, want 5", len(g.Resources))
	}
	k := find(t, g, key)
	if !k.True("enableKeyRotation") || k.Before["enableKeyRotation"] != false {
		t.Errorf("the key changes from %v to %v", k.Before, k.Inputs)
	}
	if got := k.Text("arn"); got != "arn:aws:kms:eu-west-1:000000000000:key/8b0c2d1e" {
		t.Errorf("what is updated has lost its outputs: the ARN is %q", got)
	}
	if got := find(t, g, cache); got.ID != "" || len(got.Outputs) != 0 || got.Number("port") != 6380 {
		t.Errorf("what is replaced keeps the id %q and the outputs %v", got.ID, got.Outputs)
	}
}

// refreshedPreview is what `pulumi preview --refresh --json --show-sames` prints: a step of the refresh for
// each resource, with what the state has, and then the program's steps, with what the account has.
const refreshedPreview = `{"steps":[
	{"op":"refresh","urn":"urn:pulumi:dev::didomi::aws:lambda/function:Function::fn",
		"oldState":{"urn":"urn:pulumi:dev::didomi::aws:lambda/function:Function::fn","custom":true,"inputs":{"memorySize":512,"timeout":3},"outputs":{"memorySize":1024,"version":"1"},"initErrors":["refused"]}},
	{"op":"refresh","urn":"urn:pulumi:dev::didomi::pulumi:pulumi:Stack::didomi-dev","oldState":{"urn":"urn:pulumi:dev::didomi::pulumi:pulumi:Stack::didomi-dev"}},
	{"op":"refresh","urn":"urn:pulumi:dev::didomi::aws:sns/topic:Topic::topic",
		"oldState":{"urn":"urn:pulumi:dev::didomi::aws:sns/topic:Topic::topic","custom":true,"inputs":{"name":"a"}}},
	{"op":"refresh","urn":"urn:pulumi:dev::didomi::aws:s3/bucketV2:BucketV2::files",
		"oldState":{"urn":"urn:pulumi:dev::didomi::aws:s3/bucketV2:BucketV2::files","custom":true,"inputs":{"bucket":"a"}}},
	{"op":"same","urn":"urn:pulumi:dev::didomi::pulumi:pulumi:Stack::didomi-dev","newState":{"urn":"urn:pulumi:dev::didomi::pulumi:pulumi:Stack::didomi-dev"}},
	{"op":"update","urn":"urn:pulumi:dev::didomi::aws:lambda/function:Function::fn","detailedDiff":{"memorySize":{"kind":"update"},"timeout":{"kind":"update"},"version":{"kind":"update"}},
		"oldState":{"urn":"urn:pulumi:dev::didomi::aws:lambda/function:Function::fn","custom":true,"inputs":{"memorySize":512,"timeout":3},"outputs":{"memorySize":512,"version":"1"}},
		"newState":{"urn":"urn:pulumi:dev::didomi::aws:lambda/function:Function::fn","custom":true,"inputs":{"memorySize":1024,"timeout":5}}},
	{"op":"create","urn":"urn:pulumi:dev::didomi::aws:sns/topic:Topic::topic",
		"newState":{"urn":"urn:pulumi:dev::didomi::aws:sns/topic:Topic::topic","custom":true,"inputs":{"name":"a"}}},
	{"op":"same","urn":"urn:pulumi:dev::didomi::aws:s3/bucketV2:BucketV2::files",
		"oldState":{"urn":"urn:pulumi:dev::didomi::aws:s3/bucketV2:BucketV2::files","custom":true,"inputs":{"bucket":"a","tags":{}}},
		"newState":{"urn":"urn:pulumi:dev::didomi::aws:s3/bucketV2:BucketV2::files","custom":true,"inputs":{"bucket":"a"}}}
]}`

func TestDriftIsSeparatedFromTheUpdate(t *testing.T) {
	g, err := (&graph.Source{Preview: "-"}).Read(strings.NewReader(refreshedPreview))
	if err != nil {
		t.Fatal(err)
	}
	const function, topic = "urn:pulumi:dev::didomi::aws:lambda/function:Function::fn", "urn:pulumi:dev::didomi::aws:sns/topic:Topic::topic"
	want := []graph.Drift{
		{URN: function, Unfinished: true, Paths: []string{"memorySize"}, Stored: map[string]any{"memorySize": 512.0, "timeout": 3.0}},
		{URN: topic, Gone: true, Stored: map[string]any{"name": "a"}},
	}
	if !reflect.DeepEqual(g.Drifts, want) {
		t.Errorf("drifts\n%+v, want\n%+v", g.Drifts, want)
	}
	if f := find(t, g, function); f.Op != "update" || f.Before["memorySize"] != 512.0 || f.Number("memorySize") != 1024 {
		t.Errorf("the function is read as %+v", f)
	}
	if op := find(t, g, topic).Op; op != "create" || len(g.Resources) != 4 {
		t.Errorf("the topic's step is %s, of %d resources; want create, of 4", op, len(g.Resources))
	}
}

func TestAReferenceIsFoundByItsValueOrItsDependencies(t *testing.T) {
	state, preview := read(t, "state"), read(t, "preview")
	for name, c := range map[string]struct {
		g          *graph.Graph
		urn, input string
		want       []string
	}{
		"by ARN":                     {state, secret, "kmsKeyId", []string{"didomi-dev-data"}},
		"by id":                      {state, version, "secretId", []string{"didomi-dev-data-cache"}},
		"by a value that is unknown": {preview, cache, "securityGroupIds", []string{"didomi-dev-new"}},
		"by its dependencies, where the value is no name": {state, version, "versionId", []string{"didomi-dev-data-cache"}},
		"none from a value that is not a name":            {state, secret, "recoveryWindowInDays", nil},
		"none from an input that is not set":              {state, secret, "policy", nil},
		"none from a number":                              {preview, cache, "port", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := names(c.g.Refs(find(t, c.g, c.urn), c.input)); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestResourcesAreFoundByTypeAndByURN(t *testing.T) {
	g := read(t, "state")
	if got, want := names(g.ByType("aws:kms/key:Key")), []string{"didomi-dev-data"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the keys are %v, want %v", got, want)
	}
	if g.Find("urn:pulumi:dev::didomi::x::y") != nil {
		t.Error("found what is not there")
	}
}

func TestInvalidFilesAreRejected(t *testing.T) {
	for name, c := range map[string]struct {
		source graph.Source
		stdin  string
		want   string
	}{
		"neither file":          {graph.Source{}, "", "set one of --state and --preview"},
		"both files":            {graph.Source{State: "a", Preview: "b"}, "", "set one of --state and --preview"},
		"a missing file":        {graph.Source{State: "testdata/none.json"}, "", "testdata/none.json"},
		"not JSON":              {graph.Source{State: "-"}, "Previewing update", "read the state: invalid character"},
		"a preview as a state":  {graph.Source{State: "testdata/preview.json"}, "", "should be what `pulumi stack export` prints"},
		"a state as a preview":  {graph.Source{Preview: "testdata/state.json"}, "", "should be what `pulumi preview --json --show-sames` prints"},
		"a name that is no URN": {graph.Source{State: "-"}, `{"deployment":{"resources":[{"urn":"bucket"}]}}`, `"bucket" is not a URN`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.source.Read(strings.NewReader(c.stdin))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	content, err := os.ReadFile("testdata/state.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&graph.Source{State: "-"}).Read(bytes.NewReader(content)); err != nil {
		t.Errorf("a state on the standard input: %v", err)
	}
}
