package iam

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	room     = "didomi-test-iam"
	provider = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
	// managedPolicyLimit is how long a managed policy may be, white space not counted.
	managedPolicyLimit = 6144
)

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Principal map[string]any
	Condition map[string]map[string]any
}

func statements(t *testing.T, document any) []statement {
	t.Helper()
	var parsed struct{ Statement []statement }
	if err := json.Unmarshal([]byte(document.(string)), &parsed); err != nil {
		t.Fatalf("%v in %v", err, document)
	}
	return parsed.Statement
}

func find(t *testing.T, all []statement, sid string) statement {
	t.Helper()
	i := slices.IndexFunc(all, func(s statement) bool { return s.Sid == sid })
	if i < 0 {
		t.Fatalf("no statement %q in %v", sid, all)
	}
	return all[i]
}

func build(t *testing.T, c Config) *mocks.Recorder {
	t.Helper()
	answers := map[string]func(mocks.Resource) map[string]any{
		"aws:iam/user:User":     func(r mocks.Resource) map[string]any { return map[string]any{"name": r.Name} },
		"aws:iam/role:Role":     func(r mocks.Resource) map[string]any { return map[string]any{"name": r.Name} },
		"aws:iam/policy:Policy": func(r mocks.Resource) map[string]any { return map[string]any{"name": r.Name} },
		"aws:iam/accessKey:AccessKey": func(mocks.Resource) map[string]any {
			return map[string]any{"secret": "the secret half"}
		},
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": func(mocks.Resource) map[string]any {
			return map[string]any{"arn": provider}
		},
	}
	return mocks.Mocks{Outputs: answers}.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, room, Args{Config: c})
		return err
	})
}

func TestUserOnlyTakesTheTwoRoles(t *testing.T) {
	r := build(t, Default())
	policies := r.OfType("aws:iam/userPolicy:UserPolicy")
	if len(policies) != 1 || len(r.OfType("aws:iam/userPolicyAttachment:UserPolicyAttachment")) != 0 {
		t.Fatalf("%d policies, want 1", len(policies))
	}
	want := []statement{{
		Sid: "TakeARole", Effect: "Allow", Action: []string{"sts:AssumeRole"},
		Resource: []string{
			"arn:aws:iam:eu-west-1:123456789012:" + room + "-preview",
			"arn:aws:iam:eu-west-1:123456789012:" + room + "-deploy",
		},
	}}
	if got := statements(t, policies[0].Inputs["policy"]); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if n := len(r.OfType("aws:iam/accessKey:AccessKey")); n != 0 {
		t.Errorf("%d access keys, want none", n)
	}
}

func TestEverythingHangsOnTheRoom(t *testing.T) {
	for _, res := range build(t, Default()).All() {
		if res.Type != Token && (res.ParentName() != room || !strings.HasPrefix(res.Name, room+"-")) {
			t.Errorf("%s %q has the parent %q", res.Type, res.Name, res.ParentName())
		}
	}
}

func TestTrust(t *testing.T) {
	base := Default()
	base.OIDC = oidcCreate
	with := func(change func(*Config)) Config {
		c := base
		change(&c)
		return c
	}
	const aud, sub = "gitlab.com:aud", "gitlab.com:sub"
	project := "project_path:" + base.ProjectPath + ":ref_type:branch:ref:"
	for _, tt := range []struct {
		name      string
		config    Config
		providers int
		role      string
		condition map[string]map[string]any // nil: no pipeline
	}{
		{"any branch of the project previews", base, 1, "preview", map[string]map[string]any{
			"StringEquals": {aud: "https://gitlab.com"}, "StringLike": {sub: project + "*"},
		}},
		{"the one branch of the project deploys", base, 1, "deploy", map[string]map[string]any{
			"StringEquals": {aud: "https://gitlab.com", sub: project + "main"},
		}},
		{"another branch deploys when the stack says so", with(func(c *Config) { c.DeployRef = "release" }), 1, "deploy", map[string]map[string]any{
			"StringEquals": {aud: "https://gitlab.com", sub: project + "release"},
		}},
		{"an existing provider is used and not made", with(func(c *Config) { c.OIDC = oidcExisting }), 0, "deploy", map[string]map[string]any{
			"StringEquals": {aud: "https://gitlab.com", sub: project + "main"},
		}},
		{"without OIDC only the user takes a role", with(func(c *Config) { c.OIDC = oidcOff }), 0, "deploy", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := build(t, tt.config)
			if n := len(r.OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider")); n != tt.providers {
				t.Errorf("%d providers, want %d", n, tt.providers)
			}
			trust := statements(t, r.Find(t, "aws:iam/role:Role", room+"-"+tt.role).Inputs["assumeRolePolicy"])
			want := []statement{{
				Sid: "User", Effect: "Allow", Action: []string{"sts:AssumeRole"},
				Principal: map[string]any{"AWS": "arn:aws:iam:eu-west-1:123456789012:" + room + "-ci"},
			}}
			if tt.condition != nil {
				want = append(want, statement{
					Sid: "Pipeline", Effect: "Allow", Action: []string{"sts:AssumeRoleWithWebIdentity"},
					Principal: map[string]any{"Federated": provider}, Condition: tt.condition,
				})
			}
			if !reflect.DeepEqual(trust, want) {
				t.Errorf("%v, want %v", trust, want)
			}
		})
	}
}

// TestGrants looks at every policy that grants something: all but the boundaries.
func TestGrants(t *testing.T) {
	r := build(t, Default())
	// AWS narrows these no further, or not before there is a name.
	unnamed := []string{"Lists", "NewKeys", "NewNames", "AccessLog"}
	for _, p := range r.OfType("aws:iam/policy:Policy") {
		document, _ := p.Inputs["policy"].(string)
		if len(document) > managedPolicyLimit {
			t.Errorf("%s has %d characters, IAM takes %d", p.Name, len(document), managedPolicyLimit)
		}
		if strings.HasSuffix(p.Name, "-workload") || strings.HasSuffix(p.Name, "-pipeline") {
			continue
		}
		for _, s := range statements(t, document) {
			for _, action := range s.Action {
				if strings.Contains(action, "*") {
					t.Errorf("%s: %s grants %s", p.Name, s.Sid, action)
				}
			}
			if !slices.IsSorted(s.Action) {
				t.Errorf("%s: the actions of %s are not in order", p.Name, s.Sid)
			}
			if slices.Contains(s.Resource, "*") && !slices.Contains(unnamed, s.Sid) {
				t.Errorf("%s: %s is about everything", p.Name, s.Sid)
			}
		}
	}
}

func TestPreviewOnlyReads(t *testing.T) {
	r := build(t, Default())
	var attached []string
	for _, a := range r.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		if a.Inputs["role"] == room+"-preview" {
			attached = append(attached, a.Name)
		}
	}
	if want := []string{room + "-preview-reading"}; !reflect.DeepEqual(attached, want) {
		t.Fatalf("it has %v, want %v", attached, want)
	}
	reads := []string{"Get", "List", "Describe", "GET"}
	for _, s := range statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-preview-reading").Inputs["policy"]) {
		for _, action := range s.Action {
			_, verb, _ := strings.Cut(action, ":")
			if !slices.ContainsFunc(reads, func(read string) bool { return strings.HasPrefix(verb, read) }) {
				t.Errorf("%s is no reading", action)
			}
			if action == "secretsmanager:GetSecretValue" || action == "s3:GetObject" || action == "kms:Decrypt" {
				t.Errorf("%s reads what a preview has no business with", action)
			}
		}
	}
}

func TestBoundaries(t *testing.T) {
	r := build(t, Default())
	workload := "arn:aws:iam:eu-west-1:123456789012:" + room + "-workload"
	boundaries := []any{workload, "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"}
	pipeline := statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-pipeline").Inputs["policy"])

	t.Run("both roles carry the pipeline's", func(t *testing.T) {
		for _, role := range r.OfType("aws:iam/role:Role") {
			if got := role.Inputs["permissionsBoundary"]; got != "arn:aws:iam:eu-west-1:123456789012:"+room+"-pipeline" {
				t.Errorf("%s carries %v", role.Name, got)
			}
		}
	})
	t.Run("the pipeline cannot change who it is", func(t *testing.T) {
		s := find(t, pipeline, "NotItself")
		for _, resource := range []string{"user/" + room + "-*", "role/" + room + "-*", "policy/" + room + "-*", "oidc-provider/*"} {
			if !slices.Contains(s.Resource, "arn:aws:iam::123456789012:"+resource) {
				t.Errorf("%s may be changed: %v", resource, s.Resource)
			}
		}
		for _, action := range []string{"iam:CreatePolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:CreateAccessKey"} {
			if s.Effect != "Deny" || !slices.Contains(s.Action, action) {
				t.Errorf("%s is not refused", action)
			}
		}
	})
	t.Run("the pipeline cannot make a role without a boundary of the parts", func(t *testing.T) {
		denied := find(t, pipeline, "NoRoleBeyondTheBoundary")
		if denied.Effect != "Deny" || !reflect.DeepEqual(denied.Condition["StringNotEquals"]["iam:PermissionsBoundary"], boundaries) {
			t.Errorf("%v", denied)
		}
		granted := find(t, statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-deploy-roles").Inputs["policy"]), "Grant")
		if !reflect.DeepEqual(granted.Condition["StringEquals"]["iam:PermissionsBoundary"], boundaries) {
			t.Errorf("%v", granted)
		}
	})
	t.Run("no boundary comes off", func(t *testing.T) {
		s := find(t, pipeline, "NoBoundaryRemoved")
		if s.Effect != "Deny" || !slices.Contains(s.Action, "iam:DeleteRolePermissionsBoundary") {
			t.Errorf("%v", s)
		}
	})
	t.Run("the workloads' has no IAM in it, and only this stack's secrets and files", func(t *testing.T) {
		all := statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-workload").Inputs["policy"])
		for _, s := range all {
			for _, action := range s.Action {
				if strings.HasPrefix(action, "iam:") || strings.HasPrefix(action, "sts:") || strings.Contains(action, "*") {
					t.Errorf("%s allows %s", s.Sid, action)
				}
			}
		}
		if got, want := find(t, all, "Files").Resource, []string{"arn:aws:s3:::didomi-test-*", "arn:aws:s3:::didomi-test-*/*"}; !reflect.DeepEqual(got, want) {
			t.Errorf("files %v, want %v", got, want)
		}
	})
}

func TestDeployIsOfOneStack(t *testing.T) {
	r := build(t, Default())
	for _, tt := range []struct {
		name, part, sid string
		resource        string
	}{
		{"functions", "api", "Function", "arn:aws:lambda:eu-west-1:123456789012:function:didomi-test-*"},
		{"secrets", "data", "Secrets", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:didomi-test-*"},
		{"buckets", "data", "Bucket", "arn:aws:s3:::didomi-test-*"},
		{"topics", "operations", "Topic", "arn:aws:sns:eu-west-1:123456789012:didomi-test-*"},
	} {
		t.Run(tt.name+" of other stacks are out of reach", func(t *testing.T) {
			all := statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-deploy-"+tt.part).Inputs["policy"])
			if got := find(t, all, tt.sid).Resource; !reflect.DeepEqual(got, []string{tt.resource}) {
				t.Errorf("%v, want %s alone", got, tt.resource)
			}
		})
	}
	t.Run("what has no name is told by its tag", func(t *testing.T) {
		all := statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-deploy-network").Inputs["policy"])
		if got := find(t, all, "Change").Condition["StringEquals"]["aws:ResourceTag/environment"]; got != "test" {
			t.Errorf("%v, want test", got)
		}
	})
	t.Run("a role is handed to the service that it is for", func(t *testing.T) {
		for part, sid := range map[string]string{"network": "FlowLogsRole", "data": "ProxyRole", "api": "FunctionRoles"} {
			all := statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-deploy-"+part).Inputs["policy"])
			s := find(t, all, sid)
			if s.Condition["StringEquals"]["iam:PassedToService"] == nil || s.Resource[0] != "arn:aws:iam::123456789012:role/didomi-test-"+part+"-*" {
				t.Errorf("%v", s)
			}
		}
	})
}

func TestAccessKeyIsKeptSecret(t *testing.T) {
	c := Default()
	c.AccessKey = true
	r := build(t, c)
	version := r.Find(t, "aws:secretsmanager/secretVersion:SecretVersion", room+"-ci-key")
	if want := `{"accessKeyId":"` + room + `-ci-key-id","secretAccessKey":"the secret half"}`; version.Inputs["secretString"] != want {
		t.Errorf("%v, want %s", version.Inputs["secretString"], want)
	}
	if !slices.Contains(version.Secrets, "secretString") {
		t.Error("the value is in plain in the state")
	}
}

func TestProblems(t *testing.T) {
	with := func(change func(*Config)) Config {
		c := Default()
		change(&c)
		return c
	}
	const (
		address = "an https address without a path, such as https://gitlab.com"
		project = "a GitLab project as group/project"
		branch  = "the name of one branch, without wildcards"
		oidc    = "one of create, existing, off"
	)
	for _, tt := range []struct {
		name   string
		config Config
		want   []config.Problem
	}{
		{"the defaults are fine", Default(), nil},
		{"a project in subgroups and a branch in folders are fine", with(func(c *Config) { c.ProjectPath, c.DeployRef = "a/b/c", "release/1.x" }), nil},
		{"GitLab in the clear", with(func(c *Config) { c.GitLabURL = "http://gitlab.com" }), []config.Problem{{Key: "gitlabUrl", Value: `"http://gitlab.com"`, Want: address}}},
		{"GitLab under a path", with(func(c *Config) { c.GitLabURL = "https://example.com/gitlab" }), []config.Problem{{Key: "gitlabUrl", Value: `"https://example.com/gitlab"`, Want: address}}},
		{"no project", with(func(c *Config) { c.ProjectPath = "" }), []config.Problem{{Key: "projectPath", Want: project}}},
		{"every project of a group", with(func(c *Config) { c.ProjectPath = "didomi/*" }), []config.Problem{{Key: "projectPath", Value: `"didomi/*"`, Want: project}}},
		{"a project without a group", with(func(c *Config) { c.ProjectPath = "didomi" }), []config.Problem{{Key: "projectPath", Value: `"didomi"`, Want: project}}},
		{"every branch", with(func(c *Config) { c.DeployRef = "*" }), []config.Problem{{Key: "deployRef", Value: `"*"`, Want: branch}}},
		{"no branch", with(func(c *Config) { c.DeployRef = "" }), []config.Problem{{Key: "deployRef", Want: branch}}},
		{"a way of OIDC that is none", with(func(c *Config) { c.OIDC = "yes" }), []config.Problem{{Key: "oidc", Value: `"yes"`, Want: oidc}}},
		{"four mistakes at once", Config{GitLabURL: "gitlab", ProjectPath: "x", DeployRef: "-", OIDC: ""}, []config.Problem{
			{Key: "gitlabUrl", Value: `"gitlab"`, Want: address}, {Key: "projectPath", Value: `"x"`, Want: project},
			{Key: "deployRef", Value: `"-"`, Want: branch}, {Key: "oidc", Want: oidc},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.config.Problems(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
