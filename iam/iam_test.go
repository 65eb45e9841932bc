package iam

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	componentName = "didomi-test-iam"
	provider      = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
	// operationsKey is the ARN of the key of the stack's secrets.
	operationsKey = "arn:aws:kms:eu-west-1:123456789012:key/operations"
	// managedPolicyLimit is how long a managed policy may be, white space not counted.
	managedPolicyLimit = 6144
)

func build(t *testing.T, c Config) *mocks.Recorder {
	t.Helper()
	outputs := map[string]func(mocks.Resource) map[string]any{
		"aws:iam/user:User":     func(r mocks.Resource) map[string]any { return map[string]any{"name": r.Name} },
		"aws:iam/role:Role":     func(r mocks.Resource) map[string]any { return map[string]any{"name": r.Name} },
		"aws:iam/policy:Policy": func(r mocks.Resource) map[string]any { return map[string]any{"name": r.Name} },
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": func(mocks.Resource) map[string]any {
			return map[string]any{"arn": provider}
		},
	}
	return mocks.Mocks{Outputs: outputs}.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, componentName, Args{Config: c, Components: []func(policy.Scope) policy.Permissions{component}, OperationsKeyARN: pulumi.String(operationsKey)})
		return err
	})
}

func TestTheUserCanOnlyAssumeTheRolesOfJobs(t *testing.T) {
	r := build(t, Default())
	policies := r.OfType("aws:iam/userPolicy:UserPolicy")
	if len(policies) != 1 || len(r.OfType("aws:iam/userPolicyAttachment:UserPolicyAttachment")) != 0 {
		t.Fatalf("%d policies, want 1", len(policies))
	}
	want := []mocks.Statement{{
		Sid: "AssumePipelineRoles", Effect: "Allow", Action: []string{"sts:AssumeRole"},
		Resource: []string{
			"arn:aws:iam:eu-west-1:123456789012:" + componentName + "-preview",
			"arn:aws:iam:eu-west-1:123456789012:" + componentName + "-deploy",
			"arn:aws:iam:eu-west-1:123456789012:" + componentName + "-drill",
		},
	}}
	if got := mocks.Statements(t, policies[0].Inputs["policy"]); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestEveryResourceIsAChildOfTheComponent(t *testing.T) {
	for _, res := range build(t, Default()).All() {
		if res.Type != Token(mocks.Project) && (res.ParentName() != componentName || !strings.HasPrefix(res.Name, componentName+"-")) {
			t.Errorf("%s %q has the parent %q", res.Type, res.Name, res.ParentName())
		}
	}
}

func TestTrust(t *testing.T) {
	base := Default()
	base.OIDC, base.GitLabURL, base.ProjectPath = oidcCreate, "https://gitlab.com", "platform/api"
	with := func(change func(*Config)) Config {
		c := base
		change(&c)
		return c
	}
	const aud, sub = "gitlab.com:aud", "gitlab.com:sub"
	project := "project_path:" + base.ProjectPath + ":ref_type:branch:ref:"
	// Only GitLab.com's tokens have more keys than aud and sub on AWS.
	deploys := func(ref string) map[string]map[string]any {
		return map[string]map[string]any{"StringEquals": {
			aud: "https://gitlab.com", sub: project + ref, "gitlab.com:ref_protected": "true",
			"gitlab.com:pipeline_source": []any{"push", "schedule", "web"},
		}}
	}
	const ownAud, ownSub = "git.example:aud", "git.example:sub"
	own := with(func(c *Config) {
		c.OIDC, c.GitLabURL, c.SubClaims = oidcExisting, "https://git.example", append(c.SubClaims, claimRefProtected)
	})
	tier := own
	tier.SubClaims = []string{claimProjectID, claimRefType, claimRef, claimRefProtected, claimEnvironmentProtected, claimDeploymentTier}
	tier.ProjectID, tier.DeploymentTier = 20, "production"
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
		{"the one branch of the project deploys", base, 1, "deploy", deploys("main")},
		{"another branch deploys when deployRef names it", with(func(c *Config) { c.DeployRef = "release" }), 1, "deploy", deploys("release")},
		{"an existing provider is used and not created", with(func(c *Config) { c.OIDC = oidcExisting }), 0, "deploy", deploys("main")},
		{"a project is identified by its number too", with(func(c *Config) { c.ProjectID = 20 }), 1, "preview", map[string]map[string]any{
			"StringEquals": {aud: "https://gitlab.com", "gitlab.com:project_id": "20"}, "StringLike": {sub: project + "*"},
		}},
		{"a token of another GitLab has in its subject that the branch is protected", own, 0, "deploy", map[string]map[string]any{
			"StringEquals": {ownAud: "https://git.example", ownSub: project + "main:ref_protected:true"},
		}},
		{"and any branch of the project previews", own, 0, "preview", map[string]map[string]any{
			"StringEquals": {ownAud: "https://git.example"}, "StringLike": {ownSub: project + "*"},
		}},
		{"the subject has the environment's tier and protection in the order of subClaims", tier, 0, "deploy", map[string]map[string]any{
			"StringEquals": {ownAud: "https://git.example",
				ownSub: "project_id:20:ref_type:branch:ref:main:ref_protected:true:environment_protected:true:deployment_tier:production"},
		}},
		{"and previews need no environment", tier, 0, "preview", map[string]map[string]any{
			"StringEquals": {ownAud: "https://git.example"}, "StringLike": {ownSub: "project_id:20:ref_type:branch:ref:*"},
		}},
		{"without OIDC only the user assumes a role", with(func(c *Config) { c.OIDC = oidcOff }), 0, "deploy", nil},
		// A role that trusts a default project can be assumed by its owner: the owner of the path on the
		// instance controls the subject of its tokens.
		// https://docs.gitlab.com/ci/cloud_services/aws/
		{"by default no token assumes the role that deploys", Default(), 0, "deploy", nil},
		{"nor the role that previews", Default(), 0, "preview", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := build(t, tt.config)
			if n := len(r.OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider")); n != tt.providers {
				t.Errorf("%d providers, want %d", n, tt.providers)
			}
			trust := mocks.Statements(t, r.Find(t, "aws:iam/role:Role", componentName+"-"+tt.role).Inputs["assumeRolePolicy"])
			want := []mocks.Statement{{
				Sid: "User", Effect: "Allow", Action: []string{"sts:AssumeRole"},
				Principal: map[string]any{"AWS": "arn:aws:iam:eu-west-1:123456789012:" + componentName + "-ci"},
			}}
			if tt.condition != nil {
				want = append(want, mocks.Statement{
					Sid: "Pipeline", Effect: "Allow", Action: []string{"sts:AssumeRoleWithWebIdentity"},
					Principal: map[string]any{"Federated": strings.Replace(provider, "gitlab.com", tt.config.host(), 1)}, Condition: tt.condition,
				})
			}
			if !reflect.DeepEqual(trust, want) {
				t.Errorf("%v, want %v", trust, want)
			}
		})
	}
}

// own is the ARN of a resource of this account.
func own(service, resource string) string {
	if service == "iam" {
		return "arn:aws:iam::123456789012:" + resource
	}
	return "arn:aws:" + service + ":eu-west-1:123456789012:" + resource
}

const workload = "arn:aws:iam:eu-west-1:123456789012:" + componentName + "-workload"

func TestABoundaryDeniesEveryRoleWithoutTheWorkloads(t *testing.T) {
	r := build(t, Default())
	s := mocks.FindStatement(t, mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", componentName+"-pipeline").Inputs["policy"]), "NoRoleWithoutBoundary")
	if s.Effect != "Deny" || !reflect.DeepEqual(s.Resource, []string{"*"}) || s.Condition["StringNotEquals"]["iam:PermissionsBoundary"] != workload {
		t.Errorf("%v", s)
	}
	for _, action := range append([]string{"iam:AttachRolePolicy"}, roleChanges...) {
		if !slices.Contains(s.Action, action) {
			t.Errorf("%s is not denied", action)
		}
	}
}

func TestTheUsersKeyNeverPassesThroughPulumi(t *testing.T) {
	for _, tt := range []struct {
		name, oidc string
		secrets    int
	}{
		{"with OIDC there is no key and no secret for one", oidcCreate, 0},
		{"nor with the provider of another stack", oidcExisting, 0},
		{"without OIDC there is a secret without a value", oidcOff, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Default()
			c.OIDC, c.GitLabURL, c.ProjectPath = tt.oidc, "https://gitlab.com", "platform/api"
			r := build(t, c)
			secrets := r.OfType("aws:secretsmanager/secret:Secret")
			if len(secrets) != tt.secrets {
				t.Fatalf("%d secrets, want %d", len(secrets), tt.secrets)
			}
			for _, s := range secrets {
				if s.Inputs["kmsKeyId"] != operationsKey {
					t.Errorf("its key is %v", s.Inputs["kmsKeyId"])
				}
			}
			statements := mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", componentName+"-deploy-secrets").Inputs["policy"])
			described := slices.DeleteFunc(statements, func(s mocks.Statement) bool { return s.Sid != "KeySecret" })
			if len(described) != tt.secrets || len(described) == 1 && slices.Contains(described[0].Action, "secretsmanager:GetSecretValue") {
				t.Errorf("the permissions of a refresh on the secret are %v", described)
			}
			if keys, values := r.OfType("aws:iam/accessKey:AccessKey"), r.OfType("aws:secretsmanager/secretVersion:SecretVersion"); len(keys)+len(values) != 0 {
				t.Errorf("Pulumi creates %v and %v", keys, values)
			}
		})
	}
}

func TestAnInvalidConfigurationIsReportedByKey(t *testing.T) {
	with := func(change func(*Config)) Config {
		c := Default()
		c.GitLabURL, c.ProjectPath = "https://gitlab.com", "platform/api"
		change(&c)
		return c
	}
	const (
		address = "an https URL without a path, such as https://gitlab.com"
		project = "a GitLab project as group/project"
		branch  = "the name of one branch, without wildcards"
		oidc    = "one of create, existing, off"
		order   = "project_path or project_id, ref_type, ref, in this order, and then any of ref_protected, environment_protected, deployment_tier"
		further = "a list with any of ref_protected, environment_protected, deployment_tier after ref, each once"
	)
	for _, tt := range []struct {
		name   string
		config Config
		want   []config.FieldError
	}{
		{"the defaults are valid", Default(), nil},
		{"a project in subgroups and a branch with slashes are valid", with(func(c *Config) { c.ProjectPath, c.DeployRef = "a/b/c", "release/1.x" }), nil},
		{"GitLab under a path", with(func(c *Config) { c.GitLabURL = "https://example.com/gitlab" }), []config.FieldError{{Key: "gitlabUrl", Value: `"https://example.com/gitlab"`, MustBe: address}}},
		{"no instance and no project are valid", with(func(c *Config) { c.GitLabURL, c.ProjectPath = "", "" }), nil},
		{"an identity provider for no project", with(func(c *Config) { c.GitLabURL, c.ProjectPath, c.OIDC = "", "", oidcCreate }), []config.FieldError{
			{Key: "gitlabUrl", MustBe: address}, {Key: "projectPath", MustBe: project},
		}},
		{"a project without a group", with(func(c *Config) { c.ProjectPath = "didomi" }), []config.FieldError{{Key: "projectPath", Value: `"didomi"`, MustBe: project}}},
		{"no branch", with(func(c *Config) { c.DeployRef = "" }), []config.FieldError{{Key: "deployRef", MustBe: branch}}},
		{"an unknown value of oidc", with(func(c *Config) { c.OIDC = "yes" }), []config.FieldError{{Key: "oidc", Value: `"yes"`, MustBe: oidc}}},
		{"another GitLab whose tokens contain that the branch is protected is valid", with(func(c *Config) {
			c.GitLabURL, c.SubClaims = "https://git.example", append(c.SubClaims, claimRefProtected)
		}), nil},
		// From tokens of another GitLab AWS reads the subject alone, and a merge request from main has main's subject.
		{"another GitLab whose tokens do not contain it", with(func(c *Config) { c.GitLabURL = "https://git.example" }), []config.FieldError{{
			Key: "subClaims", Value: `"project_path,ref_type,ref"`,
			MustBe: "a list with ref_protected, set in GitLab too (ci_id_token_sub_claim_components, docs/how-to/set-up-gitlab.md): from tokens of git.example AWS reads the subject alone, and without it the token of any merge request from main could deploy",
		}}},
		{"another GitLab whose jobs use an access key is valid", with(func(c *Config) { c.GitLabURL, c.OIDC = "https://git.example", oidcOff }), nil},
		{"tokens that name the branch first", with(func(c *Config) { c.SubClaims = []string{claimRef, claimProjectPath} }), []config.FieldError{{Key: "subClaims", Value: `"ref,project_path"`, MustBe: order}}},
		{"tokens that name no branch", with(func(c *Config) { c.SubClaims = nil }), []config.FieldError{{Key: "subClaims", MustBe: order}}},
		{"a claim twice", with(func(c *Config) { c.SubClaims = append(c.SubClaims, claimRefProtected, claimRefProtected) }), []config.FieldError{{
			Key: "subClaims", Value: `"project_path,ref_type,ref,ref_protected,ref_protected"`, MustBe: further,
		}}},
		{"a claim that GitLab does not have", with(func(c *Config) { c.SubClaims = append(c.SubClaims, "environment") }), []config.FieldError{{
			Key: "subClaims", Value: `"project_path,ref_type,ref,environment"`, MustBe: further,
		}}},
		{"a claim project_id without projectId", with(func(c *Config) { c.SubClaims[0] = claimProjectID }), []config.FieldError{{
			Key: "projectId", Value: `"0"`, MustBe: "the project's number, as its page in GitLab shows it; 0 only where subClaims lack project_id",
		}}},
		{"a projectId that AWS does not read", with(func(c *Config) {
			c.GitLabURL, c.SubClaims, c.ProjectID = "https://git.example", append(c.SubClaims, claimRefProtected), 20
		}), []config.FieldError{{
			Key: "projectId", Value: `"20"`,
			MustBe: "0, or subClaims must begin with project_id: from tokens of another GitLab than gitlab.com AWS reads the number in the subject alone",
		}}},
		{"a claim deployment_tier without deploymentTier", with(func(c *Config) { c.SubClaims = append(c.SubClaims, claimDeploymentTier) }), []config.FieldError{{
			Key: "deploymentTier", MustBe: "one of production, staging, testing, development, other",
		}}},
		{"a deploymentTier that AWS does not read", with(func(c *Config) { c.DeploymentTier = "production" }), []config.FieldError{{
			Key: "deploymentTier", Value: `"production"`, MustBe: "empty, or subClaims must contain deployment_tier: AWS reads the tier in the subject alone",
		}}},
		{"four mistakes at once", Config{GitLabURL: "gitlab", ProjectPath: "x", DeployRef: "-", OIDC: ""}, []config.FieldError{
			{Key: "gitlabUrl", Value: `"gitlab"`, MustBe: address}, {Key: "projectPath", Value: `"x"`, MustBe: project},
			{Key: "deployRef", Value: `"-"`, MustBe: branch}, {Key: "oidc", MustBe: oidc},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.config.Validate(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
