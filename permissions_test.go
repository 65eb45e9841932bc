package main

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/didomi/serverless-api/api"
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/dns"
	"github.com/didomi/serverless-api/iam"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// ciName is the name of the component iam.
	ciName = "didomi-test-iam"
	// workload is the ARN of the workload boundary.
	workload = "arn:aws:iam:eu-west-1:123456789012:" + ciName + "-workload"
	stateKey = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
	// The condition keys of the stack's tag, on a resource and in a call.
	has, gets = "aws:ResourceTag/serverless-api:stack", "aws:RequestTag/serverless-api:stack"
	// IAM's quotas: characters of a managed policy, white space not counted, and managed policies of a role.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	managedPolicyLimit, attachedLimit = 6144, 10
)

func withState() iam.Config {
	c := iam.Default()
	c.StateBucket, c.StateKey = "states-1234567", stateKey
	return c
}

// pipelineRoles creates the component iam with the permissions of every component.
func pipelineRoles(t *testing.T, zone string, c iam.Config) *mocks.Recorder {
	t.Helper()
	return rolesOf(t, settings{DNS: dns.Config{Domain: "example.com", ZoneID: zone}}, c)
}

func rolesOf(t *testing.T, cfg settings, c iam.Config) *mocks.Recorder {
	t.Helper()
	named := func(r mocks.Resource) map[string]any { return map[string]any{"name": r.Name} }
	return mocks.Mocks{Outputs: map[string]func(mocks.Resource) map[string]any{
		"aws:iam/user:User": named, "aws:iam/role:Role": named, "aws:iam/policy:Policy": named,
	}}.Run(t, func(ctx *pulumi.Context) error {
		components := componentPermissions(cfg)
		_, err := iam.New(ctx, ciName, iam.Args{Config: c, Components: components, OperationsKeyARN: pulumi.String("key")})
		return err
	})
}

// own is the ARN of a resource of this account.
func own(service, resource string) string {
	if service == "iam" {
		return "arn:aws:iam::123456789012:" + resource
	}
	return "arn:aws:" + service + ":eu-west-1:123456789012:" + resource
}

// The names, region and partition are the longest.
func TestManagedPoliciesOfTheLongestNamesAreWithinIAMsQuotas(t *testing.T) {
	c := iam.Default()
	c.OIDC, c.StateBucket = "off", strings.Repeat("b", 63)
	c.StateKey = "arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	r := mocks.Longest().Run(t, func(ctx *pulumi.Context) error {
		components := componentPermissions(settings{API: api.Config{Auth: "iam"}, Data: data.Config{Copies: data.Copies{Region: "ap-southeast-2"}}, DNS: dns.Config{Domain: strings.Repeat("d", 47) + ".org"}})
		_, err := iam.New(ctx, mocks.LongestName+"-iam", iam.Args{Config: c, Components: components, OperationsKeyARN: pulumi.String("key")})
		return err
	})
	policies := r.OfType("aws:iam/policy:Policy")
	if len(policies) != 14 {
		t.Errorf("there are %d managed policies", len(policies))
	}
	for _, p := range policies {
		document, _ := p.Inputs["policy"].(string)
		size := len(strings.Join(strings.FieldsFunc(document, unicode.IsSpace), ""))
		if size == 0 || size > managedPolicyLimit {
			t.Errorf("%s has %d characters, IAM allows %d", p.Name, size, managedPolicyLimit)
		}
		t.Logf("%s: %d of %d", p.Name, size, managedPolicyLimit)
	}
	attached := map[any]int{}
	for _, a := range r.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		attached[a.Inputs["role"]]++
	}
	for role, n := range attached {
		if n > attachedLimit {
			t.Errorf("%v has %d managed policies, IAM allows %d", role, n, attachedLimit)
		}
	}
}

func TestTheDeployRoleInvokesAnAPIThatRequiresSignatures(t *testing.T) {
	for auth, want := range map[string][]string{
		"none": nil, "jwt": nil, "iam": {"arn:aws:execute-api:eu-west-1:123456789012:*/test/*"},
	} {
		t.Run("with auth "+auth, func(t *testing.T) {
			var got []string
			for _, p := range rolesOf(t, settings{API: api.Config{Auth: auth}, DNS: dns.Config{Domain: "example.com"}}, withState()).OfType("aws:iam/policy:Policy") {
				if !strings.HasPrefix(p.Name, ciName+"-deploy-") {
					continue
				}
				for _, s := range mocks.Statements(t, p.Inputs["policy"]) {
					if slices.Contains(s.Action, "execute-api:Invoke") {
						got = append(got, s.Resource...)
					}
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("its smoke test may call %v, want %v", got, want)
			}
		})
	}
}

// The policies that grant permissions are all but the boundaries.
func TestGrants(t *testing.T) {
	r := pipelineRoles(t, "", withState())
	// AWS cannot narrow these further, or not before a name exists.
	unnamed := []string{"Lists", "NewCertificate", "NewZone", "NewProxy", "Subscription", "LogDelivery", "CompositeAlarm"}
	boundaries := []string{ciName + "-workload", ciName + "-pipeline", ciName + "-looking"}
	for _, p := range r.OfType("aws:iam/policy:Policy") {
		document, _ := p.Inputs["policy"].(string)
		if len(document) > managedPolicyLimit {
			t.Errorf("%s has %d characters, IAM allows %d", p.Name, len(document), managedPolicyLimit)
		}
		if slices.Contains(boundaries, p.Name) {
			continue
		}
		for _, s := range mocks.Statements(t, document) {
			for _, action := range s.Action {
				if strings.Contains(action, "*") {
					t.Errorf("%s: %s grants %s", p.Name, s.Sid, action)
				}
			}
			if !slices.IsSorted(s.Action) {
				t.Errorf("%s: the actions of %s are not in order", p.Name, s.Sid)
			}
			if slices.Contains(s.Resource, "*") && !slices.Contains(unnamed, s.Sid) && !forOwnFunctions(s) {
				t.Errorf("%s: %s is not narrowed to resources: name them, limit it by a condition, or add the Sid to unnamed with AWS's reason", p.Name, s.Sid)
			}
		}
	}
}

// forOwnFunctions is whether the condition limits the statement to functions of the stack, as AWS does where an action has
// no resource: https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
func forOwnFunctions(s mocks.Statement) bool {
	return reflect.DeepEqual(s.Condition, map[string]map[string]any{"ArnLike": {"lambda:FunctionArn": []any{own("lambda", "function:didomi-test-api-*")}}})
}

func TestThePreviewRoleOnlyReads(t *testing.T) {
	r := pipelineRoles(t, "", iam.Default())
	var attached []string
	for _, a := range r.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		if a.Inputs["role"] == ciName+"-preview" {
			attached = append(attached, a.Name)
		}
	}
	if want := []string{ciName + "-preview-reading"}; !reflect.DeepEqual(attached, want) {
		t.Fatalf("it has %v, want %v", attached, want)
	}
	reads := []string{"Get", "List", "Describe", "GET"}
	for _, s := range mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", ciName+"-preview-reading").Inputs["policy"]) {
		for _, action := range s.Action {
			_, verb, _ := strings.Cut(action, ":")
			if !slices.ContainsFunc(reads, func(read string) bool { return strings.HasPrefix(verb, read) }) {
				t.Errorf("%s does not read", action)
			}
			if action == "secretsmanager:GetSecretValue" || action == "s3:GetObject" || action == "kms:Decrypt" {
				t.Errorf("%s reads what a preview does not need", action)
			}
		}
	}
	// Every preview needs it: the program reads the role of API Gateway's logs (api.LogRole).
	for _, policy := range []string{"-preview-reading", "-looking"} {
		got := mocks.FindStatement(t, mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", ciName+policy).Inputs["policy"]), "LogRole")
		want := mocks.Statement{Sid: "LogRole", Effect: "Allow", Action: []string{"apigateway:GET"}, Resource: []string{"arn:aws:apigateway:eu-west-1::/account"}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s has %v, want %v", policy, got, want)
		}
	}
}

func TestBoundaries(t *testing.T) {
	r := pipelineRoles(t, "", withState())
	for role, boundary := range map[string]string{"preview": "looking", "deploy": "pipeline"} {
		t.Run("the role "+role+" has its own", func(t *testing.T) {
			if got := r.Find(t, "aws:iam/role:Role", ciName+"-"+role).Inputs["permissionsBoundary"]; got != "arn:aws:iam:eu-west-1:123456789012:"+ciName+"-"+boundary {
				t.Errorf("its boundary is %v", got)
			}
		})
	}
	pipeline := mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", ciName+"-pipeline").Inputs["policy"])
	for _, tt := range []struct{ name, sid, resource string }{
		{"users", "NoIdentity", own("iam", "user/*")},
		{"groups", "NoIdentity", own("iam", "group/*")},
		{"policies, including boundaries", "NoIdentity", own("iam", "policy/*")},
		{"identity providers", "NoIdentity", own("iam", "oidc-provider/*")},
		{"the pipeline's roles", "NoIdentity", own("iam", "role/"+ciName+"-*")},
		{"the role of API Gateway's logs that stacks created", "NoIdentity", own("iam", "role/didomi-test-api-account-role-*")},
		{"the key of every stack's state", "UseStateKeyOnly", stateKey},
	} {
		t.Run("a deployment does not change "+tt.name, func(t *testing.T) {
			s := mocks.FindStatement(t, pipeline, tt.sid)
			if s.Effect != "Deny" || !slices.Contains(s.Resource, tt.resource) || len(s.Condition) != 0 || len(s.Action) != 0 {
				t.Errorf("%v", s)
			}
			for _, action := range s.NotAction {
				if !slices.Contains([]string{"iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}, action) {
					t.Errorf("%s is allowed", action)
				}
			}
		})
	}
	t.Run("a deployment changes nothing in IAM but the roles of components", func(t *testing.T) {
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
				t.Errorf("%s allows it to change %v", s.Sid, s.Resource)
			}
		}
	})
	t.Run("a deployment assumes no other role", func(t *testing.T) {
		if s := mocks.FindStatement(t, pipeline, "NoOtherRole"); s.Effect != "Deny" || !reflect.DeepEqual(s.Action, []string{"sts:AssumeRole"}) || !reflect.DeepEqual(s.Resource, []string{"*"}) {
			t.Errorf("%v", s)
		}
	})
	t.Run("no boundary can be removed", func(t *testing.T) {
		s := mocks.FindStatement(t, pipeline, "NoBoundaryRemoved")
		if s.Effect != "Deny" || !slices.Contains(s.Action, "iam:DeleteRolePermissionsBoundary") {
			t.Errorf("%v", s)
		}
	})
	t.Run("a preview's boundary allows no change and no secret value", func(t *testing.T) {
		for _, s := range mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", ciName+"-looking").Inputs["policy"]) {
			for _, action := range s.Action {
				_, verb, _ := strings.Cut(action, ":")
				// API Gateway's actions are HTTP methods: the one setting that a preview reads contains no secret.
				setting := action == "apigateway:GET" && reflect.DeepEqual(s.Resource, []string{"arn:aws:apigateway:eu-west-1::/account"})
				reads := setting || strings.HasPrefix(verb, "Get") || strings.HasPrefix(verb, "List") || strings.HasPrefix(verb, "Describe") || s.Sid == "StateKey"
				if !reads || strings.HasPrefix(action, "secretsmanager:GetSecret") || action == "secretsmanager:*" {
					t.Errorf("%s: %s", s.Sid, action)
				}
			}
		}
	})
}

// TestADeploymentReachesNoRoleBeyondTheWorkloadBoundary checks every permission of the deploy role on roles: those
// to create or change a role require the boundary, and those without that condition key (PassRole, tags) name
// roles that only exist with the boundary.
func TestADeploymentReachesNoRoleBeyondTheWorkloadBoundary(t *testing.T) {
	r := pipelineRoles(t, "", withState())
	parts := []string{own("iam", "role/didomi-test-api-"), own("iam", "role/didomi-test-data-"), own("iam", "role/didomi-test-network-")}
	ofParts := func(arn string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(arn, part) })
	}
	bounded := map[string]map[string]any{"StringEquals": {"iam:PermissionsBoundary": workload}}
	var found []string
	for _, p := range r.OfType("aws:iam/policy:Policy") {
		if !strings.HasPrefix(p.Name, ciName+"-deploy-") {
			continue
		}
		for _, s := range mocks.Statements(t, p.Inputs["policy"]) {
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
						t.Errorf("%s passes %v to %v", s.Sid, s.Resource, service)
					}
				case "TagRole", "UntagRole":
					if beyond {
						t.Errorf("%s: %s on %v", s.Sid, action, s.Resource)
					}
				case "CreateServiceLinkedRole": // only AWS's service assumes it, and its trust policy cannot be changed
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
			t.Errorf("%s is not among the permissions, so this test reads the wrong policies: %v", call, found)
		}
	}
}

func TestTheWorkloadBoundaryAllowsItsStackOnly(t *testing.T) {
	r := pipelineRoles(t, "", iam.Default())
	all := mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", ciName+"-workload").Inputs["policy"])
	for _, s := range all {
		for _, action := range s.Action {
			if strings.HasPrefix(action, "iam:") || strings.HasPrefix(action, "sts:") || strings.Contains(action, "*") {
				t.Errorf("%s allows %s", s.Sid, action)
			}
		}
	}
	tag := map[string]map[string]any{"StringEquals": {has: "didomi/test"}}
	cluster := map[string]map[string]any{"StringLike": {"aws:ResourceTag/aws:rds:primaryDBClusterArn": []any{own("rds", "cluster:didomi-test-data-*")}}}
	for _, want := range []mocks.Statement{
		{Sid: "Files", Resource: []string{"arn:aws:s3:::didomi-test-data-*", "arn:aws:s3:::didomi-test-data-*/*"}},
		{Sid: "Secrets", Resource: []string{own("secretsmanager", "secret:didomi-test-data-*")}},
		{Sid: "MasterSecret", Resource: []string{own("secretsmanager", "secret:rds!cluster-*")}, Condition: cluster},
		{Sid: "CacheUsers", Resource: []string{own("elasticache", "user:didomi-test-data-*")}},
		{Sid: "Keys", Resource: []string{own("kms", "key/*")}, Condition: tag},
		{Sid: "Logs", Resource: []string{own("logs", "log-group:didomi-test-*")}},
	} {
		t.Run(want.Sid+" are the stack's", func(t *testing.T) {
			if got := mocks.FindStatement(t, all, want.Sid); !reflect.DeepEqual(got.Resource, want.Resource) || !reflect.DeepEqual(got.Condition, want.Condition) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
	t.Run("flow logs can describe their group", func(t *testing.T) {
		if s := mocks.FindStatement(t, all, "Lists"); !slices.Contains(s.Action, "logs:DescribeLogGroups") || !reflect.DeepEqual(s.Resource, []string{"*"}) {
			t.Errorf("%v", s)
		}
	})
	t.Run("interfaces are created in the stack's subnets", func(t *testing.T) {
		s := mocks.FindStatement(t, all, "NoOtherSubnet")
		if s.Effect != "Deny" || s.Condition["StringNotEquals"][has] != "didomi/test" || !reflect.DeepEqual(s.Resource, []string{own("ec2", "subnet/*")}) {
			t.Errorf("%v", s)
		}
	})
	t.Run("a function's code cannot create interfaces", func(t *testing.T) {
		allowed := mocks.FindStatement(t, all, "Interfaces").Action
		if s := mocks.FindStatement(t, all, "InterfacesByLambdaOnly"); s.Effect != "Deny" || s.Condition["ArnLike"]["lambda:SourceFunctionArn"] == nil || !reflect.DeepEqual(s.Action, allowed) {
			t.Errorf("%v", s)
		}
	})
}

// Each permission of the deploy role is limited to its stack by a name or a tag.
func TestEachDeployPermissionIsLimitedToItsStack(t *testing.T) {
	r := pipelineRoles(t, "", iam.Default())
	part := func(t *testing.T, name string) []mocks.Statement {
		t.Helper()
		return mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", ciName+"-deploy-"+name).Inputs["policy"])
	}
	for _, tt := range []struct{ name, part, sid, resource string }{
		{"functions", "api", "Function", own("lambda", "function:didomi-test-api-*")},
		{"secrets", "secrets", "Secrets", own("secretsmanager", "secret:didomi-test-data-*")},
		{"buckets", "data", "Bucket", "arn:aws:s3:::didomi-test-data-*"},
		{"topics", "operations", "Topic", own("sns", "didomi-test-api-*")},
	} {
		t.Run(tt.name+" are identified by their name", func(t *testing.T) {
			if got := mocks.FindStatement(t, part(t, tt.part), tt.sid).Resource; !reflect.DeepEqual(got, []string{tt.resource}) {
				t.Errorf("%v, want %s alone", got, tt.resource)
			}
		})
	}
	for _, tt := range []struct{ name, part, sid, key string }{
		{"a changed resource of the network has the tag", "network", "Change", has},
		{"a new network gets the tag", "network", "Create", gets},
		{"a new resource in a network gets the tag", "network", "CreateInVpc", gets},
		{"a new NAT gateway gets the tag", "network", "CreateNatGateway", gets},
		{"a new endpoint gets the tag", "network", "CreateEndpointsAndFlowLogs", gets},
		{"a new rule gets the tag", "network", "CreateRule", gets},
		{"a changed API has the tag", "api", "API", has},
		{"a new API gets the tag", "api", "NewAPI", gets},
		{"a new API is tagged with the tag", "api", "NewAPITags", gets},
		{"the API whose key is read has the tag", "reading", "APIKeys", has},
		{"a changed scalable target has the tag", "api", "Target", has},
		{"a new scalable target gets the tag", "api", "NewTarget", gets},
		{"a new scalable target is tagged with the tag", "api", "TagNewTarget", gets},
		{"a new certificate is tagged with the tag", "api", "TagNewCertificate", gets},
		{"a new proxy is tagged with the tag", "data", "TagNewProxy", gets},
		{"a cache's new nodes are tagged with the tag", "data", "TagNewCacheNodes", gets},
		{"a changed certificate has the tag", "api", "Certificate", has},
		{"a new certificate gets the tag", "api", "NewCertificate", gets},
		{"a changed proxy has the tag", "data", "Proxy", has},
		{"a new proxy gets the tag", "data", "NewProxy", gets},
		{"a used key has the tag", "secrets", "Keys", has},
		{"a changed execution log has the tag", "operations", "ExecutionLog", has},
		{"a new execution log gets the tag", "operations", "NewExecutionLog", gets},
		{"a key with a grant for AWS has the tag", "secrets", "KeyGrants", has},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := mocks.FindStatement(t, part(t, tt.part), tt.sid).Condition["StringEquals"][tt.key]; got != "didomi/test" {
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
		if got := mocks.FindStatement(t, part(t, "api"), "NewCertificate").Condition; !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
	t.Run("a new scalable target belongs to a function", func(t *testing.T) {
		if got := mocks.FindStatement(t, part(t, "api"), "NewTarget").Condition["StringEquals"]["application-autoscaling:service-namespace"]; got != "lambda" {
			t.Errorf("the service is %v", got)
		}
	})
	// https://github.com/mattclay/aws-terminator/pull/284 has the ARN.
	t.Run("tags of new resources of API Gateway are granted on the path /tags", func(t *testing.T) {
		s := mocks.FindStatement(t, part(t, "api"), "NewAPITags")
		if want := []string{"arn:aws:apigateway:eu-west-1::/tags/*"}; !reflect.DeepEqual(s.Resource, want) || !reflect.DeepEqual(s.Action, []string{"apigateway:PUT"}) {
			t.Errorf("%v on %v, want %v", s.Action, s.Resource, want)
		}
		other := mocks.FindStatement(t, part(t, "api"), "APITags")
		if other.Condition["ForAllValues:StringNotEqualsIgnoreCase"]["aws:TagKeys"] != "serverless-api:stack" {
			t.Errorf("the tag of an existing resource can be changed by %v", other)
		}
	})
	t.Run("no policy grants what the boundary denies", func(t *testing.T) {
		boundary := mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", ciName+"-pipeline").Inputs["policy"])
		withheld := slices.Concat(mocks.FindStatement(t, boundary, "NoSecretValue").Action, mocks.FindStatement(t, boundary, "NoLog").Action)
		if len(withheld) < 20 {
			t.Errorf("the boundary denies %v", withheld)
		}
		for _, policy := range r.OfType("aws:iam/policy:Policy") {
			if !strings.HasPrefix(policy.Name, ciName+"-deploy-") {
				continue
			}
			for _, s := range mocks.Statements(t, policy.Inputs["policy"]) {
				for _, action := range s.Action {
					if slices.Contains(withheld, action) {
						t.Errorf("%s of %s grants %s", s.Sid, policy.Name, action)
					}
				}
			}
		}
	})
	t.Run("the deploy role passes to Lambda the role of each function and no other", func(t *testing.T) {
		var want []string
		for _, stack := range everyStack(t) {
			for _, role := range stack.OfType("aws:iam/role:Role") {
				if trust, _ := role.Inputs["assumeRolePolicy"].(string); strings.Contains(trust, `"lambda.amazonaws.com"`) {
					want = append(want, own("iam", "role/"+role.Name+"-*"))
				}
			}
		}
		slices.Sort(want)
		got := slices.Sorted(slices.Values(mocks.FindStatement(t, part(t, "api"), "FunctionRoles").Resource))
		if want = slices.Compact(want); len(want) < 4 || !slices.Equal(got, want) {
			t.Errorf("it passes %v, the stacks' functions have %v: declare each function in api/function/declaration.go, with the suffix that its role's name has", got, want)
		}
	})
	t.Run("a role is passed only to its service", func(t *testing.T) {
		for _, tt := range []struct{ part, sid, service, role string }{
			{"network", "FlowLogsRole", "vpc-flow-logs", "network"},
			{"data", "ProxyRole", "rds", "data-proxy"},
			{"api", "FunctionRoles", "lambda", "api-function-role"},
		} {
			s := mocks.FindStatement(t, part(t, tt.part), tt.sid)
			if s.Condition["StringEquals"]["iam:PassedToService"] != tt.service+".amazonaws.com" || s.Resource[0] != own("iam", "role/didomi-test-"+tt.role+"-*") {
				t.Errorf("%v", s)
			}
		}
	})
}

// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func TestADeploymentChangesNoOtherHostedZone(t *testing.T) {
	const names, types, all = "route53:ChangeResourceRecordSetsNormalizedRecordNames", "route53:ChangeResourceRecordSetsRecordTypes", "arn:aws:route53:::hostedzone/*"
	records := map[string]map[string]any{
		"ForAllValues:StringLike":   {names: []any{"test.example.com", "_*.test.example.com"}},
		"ForAllValues:StringEquals": {types: []any{"A", "CNAME"}},
		"Null":                      {names: "false", types: "false"},
	}
	endpoint := mocks.Statement{Sid: "EndpointZone", Effect: "Allow", Action: []string{"route53:AssociateVPCWithHostedZone"}, Resource: []string{all}, Condition: map[string]map[string]any{"Bool": {"aws:ViaAWSService": "true"}}}
	for _, tt := range []struct {
		name, zone string
		want       []mocks.Statement
	}{
		{"a stack without a zone creates a public one", "", []mocks.Statement{
			{Sid: "Records", Effect: "Allow", Action: []string{"route53:ChangeResourceRecordSets"}, Resource: []string{all}, Condition: records},
			{Sid: "NewZone", Effect: "Allow", Action: []string{"route53:CreateHostedZone"}, Resource: []string{"*"}, Condition: map[string]map[string]any{"Null": {"route53:VPCs": "true"}}},
			{Sid: "ZoneTags", Effect: "Allow", Action: []string{"route53:ChangeTagsForResource"}, Resource: []string{all}},
			endpoint,
		}},
		{"a stack in an existing zone changes only that one", "Z1", []mocks.Statement{
			{Sid: "Records", Effect: "Allow", Action: []string{"route53:ChangeResourceRecordSets"}, Resource: []string{"arn:aws:route53:::hostedzone/Z1"}, Condition: records},
			endpoint,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := pipelineRoles(t, tt.zone, iam.Default())
			var got []mocks.Statement
			for _, p := range r.OfType("aws:iam/policy:Policy") {
				if !strings.HasPrefix(p.Name, ciName+"-deploy-") || p.Name == ciName+"-deploy-reading" {
					continue
				}
				for _, s := range mocks.Statements(t, p.Inputs["policy"]) {
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

// tagging are the actions of the deploy role that tag resources.
var tagging = regexp.MustCompile(`^(\w[\w-]*):(CreateTags|Tag\w+|AddTags\w+)$`)

// TestNoResourceOfOthersGetsTheStacksTag checks each permission to tag a type that is identified by the stack's
// tag: the resource has the tag, EC2 is creating it, or it has no id yet.
func TestNoResourceOfOthersGetsTheStacksTag(t *testing.T) {
	var all []mocks.Statement
	toldByTag := map[string]bool{}
	for _, p := range pipelineRoles(t, "", withState()).OfType("aws:iam/policy:Policy") {
		if !strings.HasPrefix(p.Name, ciName+"-deploy-") {
			continue
		}
		for _, s := range mocks.Statements(t, p.Inputs["policy"]) {
			all = append(all, s)
			for _, resource := range s.Resource {
				toldByTag[resource] = toldByTag[resource] || s.Condition["StringEquals"][has] != nil
			}
		}
	}
	for _, s := range all {
		equal := s.Condition["StringEquals"]
		if s.Sid == "TagNewExecutionLog" && s.Condition["Null"][has] == "true" && s.Condition["Null"]["aws:ResourceTag/environment"] == "true" {
			continue // CloudWatch Logs does not distinguish a new group from an existing one without tags
		}
		if equal[has] == "didomi/test" || equal[gets] == "didomi/test" && equal["ec2:CreateAction"] != nil {
			continue
		}
		for _, action := range s.Action {
			match := tagging.FindStringSubmatch(action)
			for _, resource := range s.Resource {
				if match != nil && strings.HasPrefix(resource, "arn:aws:"+match[1]+":") && toldByTag[resource] {
					t.Errorf("%s allows %s to tag any %s", s.Sid, action, resource)
				}
			}
		}
	}
	for _, kind := range []string{
		own("acm", "certificate/*"), own("application-autoscaling", "scalable-target/*"), own("ec2", "security-group/*"),
		own("ec2", "vpc/*"), own("kms", "key/*"), own("rds", "db-proxy:*"),
	} {
		if !toldByTag[kind] {
			t.Errorf("%s is not identified by the tag", kind)
		}
	}
}
