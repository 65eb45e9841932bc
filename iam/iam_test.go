package iam

import (
	"encoding/json"
	"reflect"
	"regexp"
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
	// operationsKey is the ARN of the key of the stack's secrets.
	operationsKey = "arn:aws:kms:eu-west-1:123456789012:key/operations"
	// managedPolicyLimit is how long a managed policy may be, white space not counted.
	managedPolicyLimit = 6144
)

type statement struct {
	Sid         string
	Effect      string
	Action      []string
	NotAction   []string
	Resource    []string
	NotResource []string
	Principal   map[string]any
	Condition   map[string]map[string]any
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
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": func(mocks.Resource) map[string]any {
			return map[string]any{"arn": provider}
		},
	}
	return mocks.Mocks{Outputs: answers}.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, room, Args{Config: c, Domain: "example.com", OperationsKeyARN: pulumi.String(operationsKey)})
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
		{"another branch deploys when the stack says so", with(func(c *Config) { c.DeployRef = "release" }), 1, "deploy", deploys("release")},
		{"an existing provider is used and not made", with(func(c *Config) { c.OIDC = oidcExisting }), 0, "deploy", deploys("main")},
		{"a project is known by its number too", with(func(c *Config) { c.ProjectID = 20 }), 1, "preview", map[string]map[string]any{
			"StringEquals": {aud: "https://gitlab.com", "gitlab.com:project_id": "20"}, "StringLike": {sub: project + "*"},
		}},
		{"of another GitLab the subject says that the branch is protected", own, 0, "deploy", map[string]map[string]any{
			"StringEquals": {ownAud: "https://git.example", ownSub: project + "main:ref_protected:true"},
		}},
		{"and any branch of the project previews", own, 0, "preview", map[string]map[string]any{
			"StringEquals": {ownAud: "https://git.example"}, "StringLike": {ownSub: project + "*"},
		}},
		{"the environment's tier and protection are bound in the project's order", tier, 0, "deploy", map[string]map[string]any{
			"StringEquals": {ownAud: "https://git.example",
				ownSub: "project_id:20:ref_type:branch:ref:main:ref_protected:true:environment_protected:true:deployment_tier:production"},
		}},
		{"and previews need no environment", tier, 0, "preview", map[string]map[string]any{
			"StringEquals": {ownAud: "https://git.example"}, "StringLike": {ownSub: "project_id:20:ref_type:branch:ref:*"},
		}},
		{"without OIDC only the user takes a role", with(func(c *Config) { c.OIDC = oidcOff }), 0, "deploy", nil},
		// A role whose trust leaves the project to a default is one that a stranger can assume: who
		// controls the path on the instance controls the subject of its tokens.
		// https://docs.gitlab.com/ci/cloud_services/aws/
		{"by default no token assumes the role that deploys", Default(), 0, "deploy", nil},
		{"nor the role that previews", Default(), 0, "preview", nil},
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
					Principal: map[string]any{"Federated": strings.Replace(provider, "gitlab.com", tt.config.host(), 1)}, Condition: tt.condition,
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
	r := build(t, withState())
	// AWS narrows these no further, or not before there is a name.
	unnamed := []string{"Lists", "NewCertificate", "NewZone", "NewProxy", "Subscription", "LogDelivery", "CompositeAlarm"}
	boundaries := []string{room + "-workload", room + "-pipeline", room + "-looking"}
	for _, p := range r.OfType("aws:iam/policy:Policy") {
		document, _ := p.Inputs["policy"].(string)
		if len(document) > managedPolicyLimit {
			t.Errorf("%s has %d characters, IAM takes %d", p.Name, len(document), managedPolicyLimit)
		}
		if slices.Contains(boundaries, p.Name) {
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
	// Without it every preview fails: the program reads the role of API Gateway's logs (api.LogRole).
	for _, policy := range []string{"-preview-reading", "-looking"} {
		got := find(t, statements(t, r.Find(t, "aws:iam/policy:Policy", room+policy).Inputs["policy"]), "LogRole")
		want := statement{Sid: "LogRole", Effect: "Allow", Action: []string{"apigateway:GET"}, Resource: []string{"arn:aws:apigateway:eu-west-1::/account"}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s has %v, want %v", policy, got, want)
		}
	}
}

// own is the ARN of something of this account.
func own(service, resource string) string {
	if service == "iam" {
		return "arn:aws:iam::123456789012:" + resource
	}
	return "arn:aws:" + service + ":eu-west-1:123456789012:" + resource
}

// The tag that tells what is the stack's, on a resource and in a call.
const has, gets = "aws:ResourceTag/serverless-api:stack", "aws:RequestTag/serverless-api:stack"

const (
	workload = "arn:aws:iam:eu-west-1:123456789012:" + room + "-workload"
)

func TestBoundaries(t *testing.T) {
	r := build(t, withState())
	for role, boundary := range map[string]string{"preview": "looking", "deploy": "pipeline"} {
		t.Run("the role "+role+" carries its own", func(t *testing.T) {
			if got := r.Find(t, "aws:iam/role:Role", room+"-"+role).Inputs["permissionsBoundary"]; got != "arn:aws:iam:eu-west-1:123456789012:"+room+"-"+boundary {
				t.Errorf("it carries %v", got)
			}
		})
	}
	pipeline := statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-pipeline").Inputs["policy"])
	for _, tt := range []struct{ name, sid, resource string }{
		{"users", "NoIdentity", own("iam", "user/*")},
		{"groups", "NoIdentity", own("iam", "group/*")},
		{"policies, which boundaries are", "NoIdentity", own("iam", "policy/*")},
		{"identity providers", "NoIdentity", own("iam", "oidc-provider/*")},
		{"its own two roles", "NoIdentity", own("iam", "role/"+room+"-*")},
		{"the role of API Gateway's logs that stacks created", "NoIdentity", own("iam", "role/didomi-test-api-account-role-*")},
		{"the key of every stack's state", "StateKeyIsUsedOnly", stateKey},
	} {
		t.Run("a deployment does not change "+tt.name, func(t *testing.T) {
			s := find(t, pipeline, tt.sid)
			if s.Effect != "Deny" || !slices.Contains(s.Resource, tt.resource) || len(s.Condition) != 0 || len(s.Action) != 0 {
				t.Errorf("%v", s)
			}
			for _, action := range s.NotAction {
				if !slices.Contains([]string{"iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}, action) {
					t.Errorf("%s is let through", action)
				}
			}
		})
	}
	t.Run("a deployment writes nothing in IAM but the roles of the parts", func(t *testing.T) {
		parts := []string{
			own("iam", "role/didomi-test-api-*"), own("iam", "role/didomi-test-data-*"), own("iam", "role/didomi-test-network-*"),
		}
		service := []string{own("iam", "role/aws-service-role/*")}
		for _, s := range pipeline {
			writes := slices.ContainsFunc(s.Action, func(a string) bool {
				return strings.HasPrefix(a, "iam:") && a != "iam:Get*" && a != "iam:List*" && a != "iam:SimulatePrincipalPolicy"
			})
			ofService := reflect.DeepEqual(s.Action, []string{"iam:CreateServiceLinkedRole"}) && reflect.DeepEqual(s.Resource, service)
			if s.Effect == "Allow" && writes && !ofService && !reflect.DeepEqual(s.Resource, parts) {
				t.Errorf("%s lets it change %v", s.Sid, s.Resource)
			}
		}
	})
	t.Run("a deployment takes no other role", func(t *testing.T) {
		if s := find(t, pipeline, "NoOtherRole"); s.Effect != "Deny" || !reflect.DeepEqual(s.Action, []string{"sts:AssumeRole"}) || !reflect.DeepEqual(s.Resource, []string{"*"}) {
			t.Errorf("%v", s)
		}
	})
	t.Run("no boundary comes off", func(t *testing.T) {
		s := find(t, pipeline, "NoBoundaryRemoved")
		if s.Effect != "Deny" || !slices.Contains(s.Action, "iam:DeleteRolePermissionsBoundary") {
			t.Errorf("%v", s)
		}
	})
	t.Run("a preview's leaves nothing that changes anything, and no secret", func(t *testing.T) {
		for _, s := range statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-looking").Inputs["policy"]) {
			for _, action := range s.Action {
				_, verb, _ := strings.Cut(action, ":")
				// API Gateway names methods: the one setting that a preview reads holds no secret.
				setting := action == "apigateway:GET" && reflect.DeepEqual(s.Resource, []string{"arn:aws:apigateway:eu-west-1::/account"})
				reads := setting || strings.HasPrefix(verb, "Get") || strings.HasPrefix(verb, "List") || strings.HasPrefix(verb, "Describe") || s.Sid == "StateKey"
				if !reads || strings.HasPrefix(action, "secretsmanager:GetSecret") || action == "secretsmanager:*" {
					t.Errorf("%s: %s", s.Sid, action)
				}
			}
		}
	})
}

// TestADeploymentReachesNoRoleBeyondTheWorkloadBoundary goes through every right of the deploy role: what
// creates or changes a role asks for the boundary, and what cannot ask for it (a role that is handed over,
// tags) is about names that only roles with the boundary get.
func TestADeploymentReachesNoRoleBeyondTheWorkloadBoundary(t *testing.T) {
	r := build(t, withState())
	parts := []string{own("iam", "role/didomi-test-api-"), own("iam", "role/didomi-test-data-"), own("iam", "role/didomi-test-network-")}
	ofParts := func(arn string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(arn, part) })
	}
	bounded := map[string]map[string]any{"StringEquals": {"iam:PermissionsBoundary": workload}}
	var found []string
	for _, p := range r.OfType("aws:iam/policy:Policy") {
		if !strings.HasPrefix(p.Name, room+"-deploy-") {
			continue
		}
		for _, s := range statements(t, p.Inputs["policy"]) {
			for _, action := range s.Action {
				_, call, _ := strings.Cut(action, ":")
				if !strings.HasPrefix(action, "iam:") || strings.HasPrefix(call, "Get") || strings.HasPrefix(call, "List") || call == "SimulatePrincipalPolicy" {
					continue
				}
				found = append(found, call)
				beyond := slices.ContainsFunc(s.Resource, func(arn string) bool { return !ofParts(arn) })
				switch call {
				case "PassRole":
					if service := s.Condition["StringEquals"]["iam:PassedToService"]; beyond || service == nil || service == "apigateway.amazonaws.com" {
						t.Errorf("%s hands over %v to %v", s.Sid, s.Resource, service)
					}
				case "TagRole", "UntagRole":
					if beyond {
						t.Errorf("%s: %s on %v", s.Sid, action, s.Resource)
					}
				case "CreateServiceLinkedRole": // AWS's service alone assumes it, and nobody changes its trust
					if !reflect.DeepEqual(s.Resource, []string{own("iam", "role/aws-service-role/*")}) || s.Condition["StringEquals"]["iam:AWSServiceName"] == nil {
						t.Errorf("%s: %s on %v under %v", s.Sid, action, s.Resource, s.Condition)
					}
				default:
					if beyond || !reflect.DeepEqual(s.Condition, bounded) {
						t.Errorf("%s: %s on %v under %v", s.Sid, action, s.Resource, s.Condition)
					}
				}
			}
		}
	}
	for _, call := range []string{"CreateRole", "PassRole", "PutRolePolicy", "UpdateAssumeRolePolicy"} {
		if !slices.Contains(found, call) {
			t.Errorf("%s is not among the rights, so this looks at the wrong policies: %v", call, found)
		}
	}
}

func TestABoundaryDeniesEveryRoleWithoutTheWorkloads(t *testing.T) {
	r := build(t, Default())
	s := find(t, statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-pipeline").Inputs["policy"]), "NoRoleBeyondTheBoundary")
	if s.Effect != "Deny" || !reflect.DeepEqual(s.Resource, []string{"*"}) || s.Condition["StringNotEquals"]["iam:PermissionsBoundary"] != workload {
		t.Errorf("%v", s)
	}
	for _, action := range append([]string{"iam:AttachRolePolicy"}, roleChanges...) {
		if !slices.Contains(s.Action, action) {
			t.Errorf("%s is not denied", action)
		}
	}
}

func TestAPartsRoleReachesItsOwnStackOnly(t *testing.T) {
	r := build(t, Default())
	all := statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-workload").Inputs["policy"])
	for _, s := range all {
		for _, action := range s.Action {
			if strings.HasPrefix(action, "iam:") || strings.HasPrefix(action, "sts:") || strings.Contains(action, "*") {
				t.Errorf("%s allows %s", s.Sid, action)
			}
		}
	}
	tag := map[string]map[string]any{"StringEquals": {has: "didomi/test"}}
	cluster := map[string]map[string]any{"StringLike": {"aws:ResourceTag/aws:rds:primaryDBClusterArn": []any{own("rds", "cluster:didomi-test-data-*")}}}
	for _, want := range []statement{
		{Sid: "Files", Resource: []string{"arn:aws:s3:::didomi-test-data-*", "arn:aws:s3:::didomi-test-data-*/*"}},
		{Sid: "Secrets", Resource: []string{own("secretsmanager", "secret:didomi-test-data-*")}},
		{Sid: "MasterSecret", Resource: []string{own("secretsmanager", "secret:rds!cluster-*")}, Condition: cluster},
		{Sid: "CacheUsers", Resource: []string{own("elasticache", "user:didomi-test-data-*")}},
		{Sid: "Keys", Resource: []string{own("kms", "key/*")}, Condition: tag},
		{Sid: "Logs", Resource: []string{own("logs", "log-group:didomi-test-*")}},
	} {
		t.Run(want.Sid+" are the stack's", func(t *testing.T) {
			if got := find(t, all, want.Sid); !reflect.DeepEqual(got.Resource, want.Resource) || !reflect.DeepEqual(got.Condition, want.Condition) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
	t.Run("flow logs find their group", func(t *testing.T) {
		if s := find(t, all, "GroupsAndTraces"); !slices.Contains(s.Action, "logs:DescribeLogGroups") || !reflect.DeepEqual(s.Resource, []string{"*"}) {
			t.Errorf("%v", s)
		}
	})
	t.Run("interfaces are made in the stack's subnets", func(t *testing.T) {
		s := find(t, all, "NoOtherSubnet")
		if s.Effect != "Deny" || s.Condition["StringNotEquals"][has] != "didomi/test" || !reflect.DeepEqual(s.Resource, []string{own("ec2", "subnet/*")}) {
			t.Errorf("%v", s)
		}
	})
	t.Run("a function's own code cannot make interfaces", func(t *testing.T) {
		if s := find(t, all, "InterfacesByLambdaOnly"); s.Effect != "Deny" || s.Condition["ArnLike"]["lambda:SourceFunctionArn"] == nil {
			t.Errorf("%v", s)
		}
	})
}

// TestDeployIsOfOneStack looks at what keeps each right of the deploy role to its stack: a name, or a tag.
func TestDeployIsOfOneStack(t *testing.T) {
	r := build(t, Default())
	part := func(t *testing.T, name string) []statement {
		t.Helper()
		return statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-deploy-"+name).Inputs["policy"])
	}
	for _, tt := range []struct{ name, part, sid, resource string }{
		{"functions", "api", "Function", own("lambda", "function:didomi-test-api-*")},
		{"secrets", "secrets", "Secrets", own("secretsmanager", "secret:didomi-test-data-*")},
		{"buckets", "data", "Bucket", "arn:aws:s3:::didomi-test-data-*"},
		{"topics", "operations", "Topic", own("sns", "didomi-test-api-*")},
	} {
		t.Run(tt.name+" are told by their name", func(t *testing.T) {
			if got := find(t, part(t, tt.part), tt.sid).Resource; !reflect.DeepEqual(got, []string{tt.resource}) {
				t.Errorf("%v, want %s alone", got, tt.resource)
			}
		})
	}
	for _, tt := range []struct{ name, part, sid, key string }{
		{"what is changed in the network carries the tag", "network", "Change", has},
		{"a new network gets the tag", "network", "Make", gets},
		{"what is made in a network gets the tag", "network", "MakeInVpc", gets},
		{"a new NAT gateway gets the tag", "network", "MakeNatGateway", gets},
		{"a new endpoint gets the tag", "network", "MakeBeside", gets},
		{"a new rule gets the tag", "network", "MakeRule", gets},
		{"an API that is changed carries the tag", "api", "API", has},
		{"a new API gets the tag", "api", "NewAPI", gets},
		{"a new API is tagged with the tag", "api", "NewAPITags", gets},
		{"a key of an API that is read carries the tag", "reading", "APIKeys", has},
		{"a target that is changed carries the tag", "api", "Target", has},
		{"a new target gets the tag", "api", "NewTarget", gets},
		{"a new target is tagged with the tag", "api", "TagNewTarget", gets},
		{"a new certificate is tagged with the tag", "api", "TagNewCertificate", gets},
		{"a new proxy is tagged with the tag", "data", "TagNewProxy", gets},
		{"a cache's new nodes are tagged with the tag", "data", "TagNewCacheNodes", gets},
		{"a certificate that is changed carries the tag", "api", "Certificate", has},
		{"a new certificate gets the tag", "api", "NewCertificate", gets},
		{"a proxy that is changed carries the tag", "data", "Proxy", has},
		{"a new proxy gets the tag", "data", "NewProxy", gets},
		{"a key that is used carries the tag", "secrets", "Keys", has},
		{"an API's execution log that is changed carries the tag", "operations", "ExecutionLog", has},
		{"a new execution log gets the tag", "operations", "NewExecutionLog", gets},
		{"a key that AWS is given the use of carries the tag", "secrets", "KeysForAWS", has},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := find(t, part(t, tt.part), tt.sid).Condition["StringEquals"][tt.key]; got != "didomi/test" {
				t.Errorf("%s is %v, want didomi/test", tt.key, got)
			}
		})
	}
	// https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
	t.Run("a new certificate is for the host name alone", func(t *testing.T) {
		want := map[string]map[string]any{
			"StringEquals":              {gets: "didomi/test"},
			"ForAllValues:StringEquals": {"acm:DomainNames": "test.example.com"},
			"Null":                      {"acm:DomainNames": "false"},
		}
		if got := find(t, part(t, "api"), "NewCertificate").Condition; !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
	t.Run("a new target is a function's", func(t *testing.T) {
		if got := find(t, part(t, "api"), "NewTarget").Condition["StringEquals"]["application-autoscaling:service-namespace"]; got != "lambda" {
			t.Errorf("the service is %v", got)
		}
	})
	// https://github.com/mattclay/aws-terminator/pull/284 has the ARN.
	t.Run("the tags of what API Gateway makes are a path of their own", func(t *testing.T) {
		s := find(t, part(t, "api"), "NewAPITags")
		if want := []string{"arn:aws:apigateway:eu-west-1::/tags/*"}; !reflect.DeepEqual(s.Resource, want) || !reflect.DeepEqual(s.Action, []string{"apigateway:PUT"}) {
			t.Errorf("%v on %v, want %v", s.Action, s.Resource, want)
		}
		other := find(t, part(t, "api"), "APITags")
		if other.Condition["ForAllValues:StringNotEqualsIgnoreCase"]["aws:TagKeys"] != "serverless-api:stack" {
			t.Errorf("the tag of what exists can be changed by %v", other)
		}
	})
	t.Run("nothing is granted that its boundary withholds", func(t *testing.T) {
		withheld := slices.Concat(secretValueActions, logActions)
		for _, policy := range r.OfType("aws:iam/policy:Policy") {
			if !strings.HasPrefix(policy.Name, room+"-deploy-") {
				continue
			}
			for _, s := range statements(t, policy.Inputs["policy"]) {
				for _, action := range s.Action {
					if slices.Contains(withheld, action) {
						t.Errorf("%s of %s grants %s", s.Sid, policy.Name, action)
					}
				}
			}
		}
	})
	t.Run("every function of the stack can be handed its role", func(t *testing.T) {
		var want []string
		for _, function := range []string{"function", "migrate", "rotate", "cache-user"} {
			want = append(want, own("iam", "role/didomi-test-api-"+function+"-role-*"))
		}
		if got := find(t, part(t, "api"), "FunctionRoles").Resource; !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
	t.Run("a role is handed to the service that it is for", func(t *testing.T) {
		for _, tt := range []struct{ part, sid, service, role string }{
			{"network", "FlowLogsRole", "vpc-flow-logs", "network"},
			{"data", "ProxyRole", "rds", "data-proxy"},
			{"api", "FunctionRoles", "lambda", "api-function-role"},
		} {
			s := find(t, part(t, tt.part), tt.sid)
			if s.Condition["StringEquals"]["iam:PassedToService"] != tt.service+".amazonaws.com" || s.Resource[0] != own("iam", "role/didomi-test-"+tt.role+"-*") {
				t.Errorf("%v", s)
			}
		}
	})
}

// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func TestADeploymentReachesNoZoneOfOthers(t *testing.T) {
	const names, types, all = "route53:ChangeResourceRecordSetsNormalizedRecordNames", "route53:ChangeResourceRecordSetsRecordTypes", "arn:aws:route53:::hostedzone/*"
	records := map[string]map[string]any{
		"ForAllValues:StringLike":   {names: []any{"test.example.com", "_*.test.example.com"}},
		"ForAllValues:StringEquals": {types: []any{"A", "CNAME"}},
		"Null":                      {names: "false", types: "false"},
	}
	endpoint := statement{Sid: "EndpointZone", Effect: "Allow", Action: []string{"route53:AssociateVPCWithHostedZone"}, Resource: []string{all}, Condition: map[string]map[string]any{"Bool": {"aws:ViaAWSService": "true"}}}
	for _, tt := range []struct {
		name, zone string
		want       []statement
	}{
		{"a stack with a zone of its own creates a public one", "", []statement{
			{Sid: "Records", Effect: "Allow", Action: []string{"route53:ChangeResourceRecordSets"}, Resource: []string{all}, Condition: records},
			endpoint,
			{Sid: "NewZone", Effect: "Allow", Action: []string{"route53:CreateHostedZone"}, Resource: []string{"*"}, Condition: map[string]map[string]any{"Null": {"route53:VPCs": "true"}}},
			{Sid: "ZoneTags", Effect: "Allow", Action: []string{"route53:ChangeTagsForResource"}, Resource: []string{all}},
		}},
		{"a stack in an existing zone changes that alone", "Z1", []statement{
			{Sid: "Records", Effect: "Allow", Action: []string{"route53:ChangeResourceRecordSets"}, Resource: []string{"arn:aws:route53:::hostedzone/Z1"}, Condition: records},
			endpoint,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := mocks.Run(t, func(ctx *pulumi.Context) error {
				_, err := New(ctx, room, Args{Config: Default(), Domain: "example.com", ZoneID: tt.zone, OperationsKeyARN: pulumi.String(operationsKey)})
				return err
			})
			var got []statement
			for _, p := range r.OfType("aws:iam/policy:Policy") {
				if !strings.HasPrefix(p.Name, room+"-deploy-") || p.Name == room+"-deploy-reading" {
					continue
				}
				for _, s := range statements(t, p.Inputs["policy"]) {
					if slices.ContainsFunc(s.Action, func(action string) bool { return strings.HasPrefix(action, "route53:") }) {
						got = append(got, s)
					}
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
		})
	}
}

// tagging are the actions of the deploy role that put tags on resources.
var tagging = regexp.MustCompile(`^(\w[\w-]*):(CreateTags|Tag\w+|AddTags\w+)$`)

// TestNothingIsTakenOverByATag takes each right to put tags on a kind of resource that the stack's tag tells
// apart: the resource has the tag, EC2 says that it is being created, or it has no id yet.
func TestNothingIsTakenOverByATag(t *testing.T) {
	var all []statement
	toldByTag := map[string]bool{}
	for _, p := range build(t, withState()).OfType("aws:iam/policy:Policy") {
		if !strings.HasPrefix(p.Name, room+"-deploy-") {
			continue
		}
		for _, s := range statements(t, p.Inputs["policy"]) {
			all = append(all, s)
			for _, resource := range s.Resource {
				toldByTag[resource] = toldByTag[resource] || s.Condition["StringEquals"][has] != nil
			}
		}
	}
	for _, s := range all {
		equal := s.Condition["StringEquals"]
		if s.Sid == "TagNewExecutionLog" && s.Condition["Null"][has] == "true" && s.Condition["Null"]["aws:ResourceTag/environment"] == "true" {
			continue // CloudWatch Logs does not tell a new group from one that exists and has no tags
		}
		if equal[has] == "didomi/test" || equal[gets] == "didomi/test" && equal["ec2:CreateAction"] != nil {
			continue
		}
		for _, action := range s.Action {
			match := tagging.FindStringSubmatch(action)
			for _, resource := range s.Resource {
				if match != nil && strings.HasPrefix(resource, "arn:aws:"+match[1]+":") && toldByTag[resource] {
					t.Errorf("%s lets %s take over any %s", s.Sid, action, resource)
				}
			}
		}
	}
	for _, kind := range []string{
		own("acm", "certificate/*"), own("application-autoscaling", "scalable-target/*"), own("ec2", "security-group/*"),
		own("ec2", "vpc/*"), own("kms", "key/*"), own("rds", "db-proxy:*"),
	} {
		if !toldByTag[kind] {
			t.Errorf("%s is not told by the tag", kind)
		}
	}
}

// TestNoParentIsTakenForNew wants no call to be let on a kind that another call of the same statement
// takes as a parent: the tag that is asked of the new would let the parent be anybody's.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func TestNoParentIsTakenForNew(t *testing.T) {
	parents := map[string][]string{
		"ec2:CreateFlowLogs":   {"natgateway", "network-interface", "subnet", "vpc"},
		"ec2:CreateNatGateway": {"elastic-ip", "subnet", "vpc"},
		"ec2:CreateRouteTable": {"vpc"}, "ec2:CreateSecurityGroup": {"vpc"}, "ec2:CreateSubnet": {"vpc"},
		"ec2:CreateVpcEndpoint":            {"route-table", "security-group", "subnet", "vpc"},
		"ec2:AuthorizeSecurityGroupEgress": {"security-group"}, "ec2:AuthorizeSecurityGroupIngress": {"security-group"},
	}
	for _, m := range networkMakes {
		for _, action := range m.actions {
			for _, kind := range m.kinds {
				if slices.Contains(parents[action], kind) {
					t.Errorf("%s lets %s take anybody's %s", m.sid, action, kind)
				}
			}
		}
	}
}

func TestTheUsersKeyNeverPassesThroughPulumi(t *testing.T) {
	for _, tt := range []struct {
		name, oidc string
		secrets    int
	}{
		{"with OIDC there is no key and no place for one", oidcCreate, 0},
		{"nor with the provider of another stack", oidcExisting, 0},
		{"without OIDC there is a secret, and nothing in it", oidcOff, 1},
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
					t.Errorf("it is encrypted with %v", s.Inputs["kmsKeyId"])
				}
			}
			secretRights := statements(t, r.Find(t, "aws:iam/policy:Policy", room+"-deploy-secrets").Inputs["policy"])
			described := slices.DeleteFunc(secretRights, func(s statement) bool { return s.Sid != "KeySecret" })
			if len(described) != tt.secrets || len(described) == 1 && slices.Contains(described[0].Action, "secretsmanager:GetSecretValue") {
				t.Errorf("a refresh is let look at it by %v", described)
			}
			if keys, values := r.OfType("aws:iam/accessKey:AccessKey"), r.OfType("aws:secretsmanager/secretVersion:SecretVersion"); len(keys)+len(values) != 0 {
				t.Errorf("Pulumi makes %v and %v", keys, values)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	with := func(change func(*Config)) Config {
		c := Default()
		c.GitLabURL, c.ProjectPath = "https://gitlab.com", "platform/api"
		change(&c)
		return c
	}
	const (
		address = "an https address without a path, such as https://gitlab.com"
		project = "a GitLab project as group/project"
		branch  = "the name of one branch, without wildcards"
		oidc    = "one of create, existing, off"
		order   = "project_path or project_id, ref_type, ref, in this order, and then any of ref_protected, environment_protected, deployment_tier"
		further = "after ref any of ref_protected, environment_protected, deployment_tier, each once"
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
		{"no instance and no project are fine", with(func(c *Config) { c.GitLabURL, c.ProjectPath = "", "" }), nil},
		{"a project without its instance", with(func(c *Config) { c.GitLabURL = "" }), []config.Problem{{Key: "gitlabUrl", Want: address}}},
		{"an identity provider for no project", with(func(c *Config) { c.GitLabURL, c.ProjectPath, c.OIDC = "", "", oidcCreate }), []config.Problem{
			{Key: "gitlabUrl", Want: address}, {Key: "projectPath", Want: project},
		}},
		{"no project", with(func(c *Config) { c.ProjectPath = "" }), []config.Problem{{Key: "projectPath", Want: project}}},
		{"every project of a group", with(func(c *Config) { c.ProjectPath = "didomi/*" }), []config.Problem{{Key: "projectPath", Value: `"didomi/*"`, Want: project}}},
		{"a project without a group", with(func(c *Config) { c.ProjectPath = "didomi" }), []config.Problem{{Key: "projectPath", Value: `"didomi"`, Want: project}}},
		{"every branch", with(func(c *Config) { c.DeployRef = "*" }), []config.Problem{{Key: "deployRef", Value: `"*"`, Want: branch}}},
		{"no branch", with(func(c *Config) { c.DeployRef = "" }), []config.Problem{{Key: "deployRef", Want: branch}}},
		{"a way of OIDC that is none", with(func(c *Config) { c.OIDC = "yes" }), []config.Problem{{Key: "oidc", Value: `"yes"`, Want: oidc}}},
		{"another GitLab whose tokens say that the branch is protected is fine", with(func(c *Config) {
			c.GitLabURL, c.SubClaims = "https://git.example", append(c.SubClaims, claimRefProtected)
		}), nil},
		// Of another GitLab AWS reads the subject alone, and that of a merge request from main is main's.
		{"another GitLab whose tokens do not", with(func(c *Config) { c.GitLabURL = "https://git.example" }), []config.Problem{{
			Key: "subClaims", Value: `"project_path,ref_type,ref"`,
			Want: "a list with ref_protected, set in GitLab too (ci_id_token_sub_claim_components, docs/how-to/set-up-gitlab.md): of git.example AWS reads the subject alone, and without it the token of anybody's merge request from main could deploy",
		}}},
		{"which does not matter where it signs in with a key", with(func(c *Config) { c.GitLabURL, c.OIDC = "https://git.example", oidcOff }), nil},
		{"tokens that name the branch first", with(func(c *Config) { c.SubClaims = []string{claimRef, claimProjectPath} }), []config.Problem{{Key: "subClaims", Value: `"ref,project_path"`, Want: order}}},
		{"tokens that name no branch", with(func(c *Config) { c.SubClaims = nil }), []config.Problem{{Key: "subClaims", Want: order}}},
		{"a claim twice", with(func(c *Config) { c.SubClaims = append(c.SubClaims, claimRefProtected, claimRefProtected) }), []config.Problem{{
			Key: "subClaims", Value: `"project_path,ref_type,ref,ref_protected,ref_protected"`, Want: further,
		}}},
		{"a claim that GitLab has not", with(func(c *Config) { c.SubClaims = append(c.SubClaims, "environment") }), []config.Problem{{
			Key: "subClaims", Value: `"project_path,ref_type,ref,environment"`, Want: further,
		}}},
		{"a number that the subject should have and the stack has not", with(func(c *Config) { c.SubClaims[0] = claimProjectID }), []config.Problem{{
			Key: "projectId", Value: `"0"`, Want: "the project's number, as its page in GitLab has it; subClaims name it",
		}}},
		{"a number that AWS does not read", with(func(c *Config) {
			c.GitLabURL, c.SubClaims, c.ProjectID = "https://git.example", append(c.SubClaims, claimRefProtected), 20
		}), []config.Problem{{
			Key: "projectId", Value: `"20"`,
			Want: "no number, or project_id first in subClaims: of another GitLab than gitlab.com AWS reads the number in the subject alone",
		}}},
		{"a tier that the subject should have and the stack has not", with(func(c *Config) { c.SubClaims = append(c.SubClaims, claimDeploymentTier) }), []config.Problem{{
			Key: "deploymentTier", Want: "one of production, staging, testing, development, other",
		}}},
		{"a tier that AWS does not read", with(func(c *Config) { c.DeploymentTier = "production" }), []config.Problem{{
			Key: "deploymentTier", Value: `"production"`, Want: "nothing, or deployment_tier in subClaims: AWS reads the tier in the subject alone",
		}}},
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
