package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/api/internal/component/componenttest"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const testName = componenttest.Name

// full are the arguments of a stack that has everything.
func full(t *testing.T) Args {
	t.Helper()
	c := defaults(t)
	c.ProvisionedConcurrency, c.ProvisionedMax, c.ReservedConcurrency = 2, 5, 100
	c.Plans = []Plan{
		{Name: "standard", Rate: 50, Burst: 100, QuotaPerDay: 1000, Keys: []string{"first", "second"}},
		{Name: "partner", Rate: 80, Burst: 160, Keys: []string{"acme"}, Throttles: []Throttle{
			{Route: "PUT /books/{id}", Rate: 10, Burst: 20}, {Route: "GET /scans/{key+}", Rate: 4, Burst: 8},
		}},
	}
	c.Throttles = []Throttle{{Route: "PUT /books/{id}", Rate: 20, Burst: 40}, {Route: "POST /scans/{key+}", Rate: 5, Burst: 10}}
	c.CORSOrigins = []string{"https://a.example.com", "https://b.example.com"}
	c.SilenceMinutes, c.Rollout = 60, function.Canary
	c.AlarmEmails, c.WarningEmails = []string{"ops@example.com"}, []string{"team@example.com"}
	return Args{
		Config: c, Stage: "test",
		Code:      function.Code{APIPath: "api.go", OperationsPath: "api_test.go", SHA256: "code-hash", MigrationsSHA256: "migrations-hash"},
		SubnetIDs: pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}), SecurityGroupID: pulumi.String("sg-1"),
		PermissionsBoundary: pulumi.String("arn:boundary"), LogRoleARN: pulumi.String("arn:log-role"),
		Database: Database{
			Host: pulumi.String("proxy.host"), Name: pulumi.String("app"),
			AppSecretARN: pulumi.String("arn:app"), MasterSecretARN: pulumi.String("arn:master"),
			Proxied: true, ProxyTarget: pulumi.String("arn:proxy cluster-1"), ProxyName: pulumi.String("proxy"), ClusterIdentifier: pulumi.String("cluster"), Readers: 1,
		},
		Cache: Cache{
			Address: pulumi.String("cache.host:6379"), SecretARN: pulumi.String("arn:cache"),
			UserID: pulumi.String("cache-app"), UserARN: pulumi.String("arn:user"),
			// A group from which a shard was removed before another one was added.
			Members: pulumi.ToStringArray([]string{"cache-0003-002", "cache-0001-001", "cache-0001-002", "cache-0003-001"}), Nodes: 4,
		},
		RotationDays: 30,

		Bucket:  Bucket{Name: pulumi.String("files"), ARN: pulumi.String("arn:aws:s3:::files")},
		Copies:  &Copies{Bucket: pulumi.String("copies"), RuleID: pulumi.String("rule"), Vault: pulumi.String("vault")},
		KeyARNs: []pulumi.StringInput{pulumi.String("arn:key")}, OperationsKeyARN: pulumi.String("arn:operations"),
		Domain: Domain{
			Delegated: true, HostName: "test.example.com",
			ZoneID: pulumi.String("Z1"), CertificateARN: pulumi.String("arn:certificate"),
		},
	}
}

// build runs the component under mocks.
func build(t *testing.T, args Args) *mocks.Recorder {
	t.Helper()
	return mocks.Mocks{Outputs: componenttest.Outputs}.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, testName, args)
		return err
	})
}

// bare are the arguments of a stack with every optional feature off.
func bare(t *testing.T) Args {
	t.Helper()
	args := full(t)
	args.Config = defaults(t)
	args.Config.RequireAPIKey, args.Config.WAF = false, false
	args.Domain = Domain{}
	args.Database.Readers, args.RotationDays, args.Copies = 0, 0, nil
	args.PermissionsBoundary = nil
	return args
}

// The resources of these functions are counted below; those of any other function are tested in its own file.
var countedFunctions = []string{"function", "migrate", "rotate", "cache-user"}

// ofAnotherFunction is whether the resource belongs to a function that is not counted.
func ofAnotherFunction(r mocks.Resource) bool {
	return slices.ContainsFunc(function.Suffixes(), func(suffix string) bool {
		own := testName + "-" + suffix
		return !slices.Contains(countedFunctions, suffix) && (r.Name == own || strings.HasPrefix(r.Name, own+"-"))
	})
}

func TestTheComponentCreatesWhatItsSettingsEnable(t *testing.T) {
	always := map[string]int{
		"didomi:api:API": 1, "aws:cloudwatch/logGroup:LogGroup": 5,
		"aws:iam/role:Role": 3, "aws:iam/rolePolicy:RolePolicy": 3,
		"aws:lambda/function:Function": 3, "aws:lambda/invocation:Invocation": 4, "aws:lambda/alias:Alias": 1,
		"aws:lambda/permission:Permission": 1, "aws:apigateway/restApi:RestApi": 1,
		"aws:apigateway/deployment:Deployment": 1, "aws:apigateway/stage:Stage": 1,
		"aws:apigateway/methodSettings:MethodSettings": 4,
		"aws:sns/topic:Topic":                          2, "aws:sns/topicPolicy:TopicPolicy": 2,
		"aws:cloudwatch/logMetricFilter:LogMetricFilter": 6, "aws:cloudwatch/dashboard:Dashboard": 1,
		"aws:cloudwatch/compositeAlarm:CompositeAlarm": 3,
	}
	for _, tt := range []struct {
		name string
		args Args
		more map[string]int
	}{
		{"with every optional feature off", bare(t), map[string]int{
			"aws:cloudwatch/metricAlarm:MetricAlarm": 13 + 2*4,
		}},
		{"with every optional feature on", full(t), map[string]int{
			"aws:cloudwatch/metricAlarm:MetricAlarm": 26 + 2*4, "aws:cloudwatch/compositeAlarm:CompositeAlarm": 4,
			"aws:iam/role:Role":             4,
			"aws:iam/rolePolicy:RolePolicy": 4, "aws:cloudwatch/logGroup:LogGroup": 7,
			"aws:lambda/function:Function": 4, "aws:lambda/permission:Permission": 3,
			"aws:secretsmanager/secretRotation:SecretRotation":                     2,
			"aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": 1,
			"aws:wafv2/webAcl:WebAcl":                                              1, "aws:wafv2/webAclAssociation:WebAclAssociation": 1,
			"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": 1,
			"aws:apigateway/usagePlan:UsagePlan":                              2, "aws:apigateway/apiKey:ApiKey": 3, "aws:apigateway/usagePlanKey:UsagePlanKey": 3,
			"aws:apigateway/methodSettings:MethodSettings": 6,
			"aws:appautoscaling/target:Target":             1, "aws:appautoscaling/policy:Policy": 1,
			"aws:apigateway/domainName:DomainName": 1, "aws:apigateway/basePathMapping:BasePathMapping": 1,
			"aws:route53/record:Record": 1, "aws:sns/topicSubscription:TopicSubscription": 2,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, want := map[string]int{}, map[string]int{}
			for _, r := range build(t, tt.args).All() {
				if !ofAnotherFunction(r) {
					got[r.Type]++
				}
				if r.Type != Token(mocks.Project) && (r.ParentName() != testName || !strings.HasPrefix(r.Name, testName+"-")) {
					t.Errorf("%s %q has the parent %q; want %q and a name that starts with it", r.Type, r.Name, r.ParentName(), testName)
				}
			}
			for _, counts := range []map[string]int{always, tt.more} {
				for token, n := range counts {
					want[token] = n
				}
			}
			for token := range want {
				if got[token] != want[token] {
					t.Errorf("the component creates %d of %s, the table of this test has %d: correct the table in api/api_test.go if the difference is intended", got[token], token, want[token])
				}
			}
			for token := range got {
				if want[token] == 0 {
					t.Errorf("the component creates %d of %s, which the table of this test lacks: add the type to \"always\", or to the row that creates it, in api/api_test.go. "+
						"What belongs to one function has a name that begins with the function's (api/function/declaration.go) and needs no row", got[token], token)
				}
			}
		})
	}
}

func TestPreviewNeedsNothingKnown(t *testing.T) {
	_, err := mocks.Mocks{Preview: true}.Try(func(ctx *pulumi.Context) error {
		_, err := New(ctx, testName, full(t))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestBadConfigRegistersNothing(t *testing.T) {
	args := full(t)
	args.Config.MemoryMB = 1
	r, err := mocks.Mocks{}.Try(func(ctx *pulumi.Context) error {
		_, err := New(ctx, testName, args)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "api.memoryMb is 1; must be an integer from 128 to 10240") {
		t.Errorf("error %v", err)
	}
	if n := len(r.OfType(Token(mocks.Project))); n != 0 {
		t.Errorf("%d components registered, want none", n)
	}
}

func TestOutputs(t *testing.T) {
	for _, tt := range []struct {
		name     string
		args     Args
		url, key string
	}{
		{"a delegated domain is the API's address, and the key is an output", full(t), "https://test.example.com", "value of " + testName + "-key-first"},
		{"without one it is the stage's own, and without keys the key is empty", bare(t), "https://rest.execute-api.eu-west-1.amazonaws.com/test", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := map[string]string{}
			r := mocks.Mocks{Outputs: componenttest.Outputs}.Run(t, func(ctx *pulumi.Context) error {
				a, err := New(ctx, testName, tt.args)
				if err != nil {
					return err
				}
				pulumi.All(a.URL, a.APIKey).ApplyT(func(v []any) error {
					got["url"], got["key"] = v[0].(string), v[1].(string)
					return nil
				})
				_, err = sns.NewTopic(ctx, "probe", &sns.TopicArgs{DisplayName: a.APIKey, Tags: a.APIKeys})
				return err
			})
			if probe := r.Find(t, "aws:sns/topic:Topic", "probe"); !slices.Contains(probe.Secrets, "displayName") || tt.key != "" && !slices.Contains(probe.Secrets, "tags") {
				t.Error("the keys are not secret outputs")
			}
			if got["url"] != tt.url || got["key"] != tt.key {
				t.Errorf("url %q, key %q; want %q, %q", got["url"], got["key"], tt.url, tt.key)
			}
		})
	}
}

func TestLogs(t *testing.T) {
	r := build(t, full(t))
	for _, group := range r.OfType("aws:cloudwatch/logGroup:LogGroup") {
		if group.Inputs["retentionInDays"] != 30.0 || group.Inputs["kmsKeyId"] != "arn:operations" {
			t.Errorf("%s: %v days under %v, want 30 under the operations' key", group.Name, group.Inputs["retentionInDays"], group.Inputs["kmsKeyId"])
		}
	}
	execution := r.Find(t, "aws:cloudwatch/logGroup:LogGroup", testName+"-execution-log")
	if want := "API-Gateway-Execution-Logs_" + testName + "-rest-id/test"; execution.Inputs["name"] != want {
		t.Errorf("API Gateway's own group is %v, want %s", execution.Inputs["name"], want)
	}
}
