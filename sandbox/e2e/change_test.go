package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"gopkg.in/yaml.v3"
)

// Types that the edits affect.
const (
	vpcToken      = "aws:ec2/vpc:Vpc"
	subnetToken   = "aws:ec2/subnet:Subnet"
	routeToken    = "aws:ec2/route:Route"
	natToken      = "aws:ec2/natGateway:NatGateway"
	eipToken      = "aws:ec2/eip:Eip"
	clusterToken  = "aws:rds/cluster:Cluster"
	memberToken   = "aws:rds/clusterInstance:ClusterInstance"
	cacheToken    = "aws:elasticache/replicationGroup:ReplicationGroup"
	zoneToken     = "aws:route53/zone:Zone"
	logGroupToken = "aws:cloudwatch/logGroup:LogGroup"
	functionToken = "aws:lambda/function:Function"
	bucketToken   = "aws:s3/bucketV2:BucketV2"
)

// stateful are the types whose replacement or deletion loses data, or is impossible while other resources with data
// depend on them. A preview must reject both.
var stateful = []string{
	clusterToken, cacheToken, zoneToken, vpcToken, subnetToken,
	bucketToken, "aws:kms/key:Key", "aws:secretsmanager/secret:Secret",
}

// edit is a change of configuration or program with the expected preview.
type edit struct {
	name string
	// key is a setting of the stack file: component and path; value is its new value.
	key   string
	value any
	// Or, for a change of the program: text replaces old in file.
	file, old, text string
	// want are the steps as "op type"; they are not compared if rejections are expected.
	want []string
	// rejected are the types whose replacement or deletion the preview rejects.
	rejected []string
	// problem is the program's error about the setting, before any step.
	problem string
}

// edits are previewed on prod, which protects its data.
var edits = []edit{
	{name: "a bigger cache node is changed in place", key: "data.cache.nodeType", value: "cache.r7g.xlarge", want: []string{"update " + cacheToken}},
	{name: "one more shard is added in place, with its alarms", key: "data.cache.shards", value: 4, want: []string{
		"create aws:cloudwatch/metricAlarm:MetricAlarm", "update aws:cloudwatch/dashboard:Dashboard",
		"update aws:cloudwatch/metricAlarm:MetricAlarm", "update " + cacheToken,
	}},
	{name: "Redis becomes Valkey in place, with a parameter group of its own before", key: "data.cache", value: map[string]any{
		"engine": "valkey", "version": "8.1", "nodeType": "cache.r7g.large", "shards": 3, "replicas": 1,
	}, want: []string{
		"create aws:elasticache/parameterGroup:ParameterGroup", "delete aws:elasticache/parameterGroup:ParameterGroup", "update " + cacheToken,
	}},
	{name: "one more reader is added", key: "data.database.readers", value: 2, want: []string{"create " + memberToken}},
	{name: "a minor version is an upgrade in place", key: "data.database.version", value: "16.13", want: []string{
		"update " + clusterToken, "update " + memberToken,
	}},
	{name: "a major version is one too, with parameter groups of its own before", key: "data.database.version", value: "17.7", want: []string{
		"create aws:rds/clusterParameterGroup:ClusterParameterGroup", "create aws:rds/parameterGroup:ParameterGroup",
		"delete aws:rds/clusterParameterGroup:ClusterParameterGroup", "delete aws:rds/parameterGroup:ParameterGroup",
		"update " + clusterToken, "update " + memberToken,
	}},
	{name: "a zone that is no longer delegated stays, without the name in front of the API", key: "dns.delegated", value: false, want: []string{
		"delete aws:acm/certificate:Certificate", "delete aws:acm/certificateValidation:CertificateValidation",
		"delete aws:apigateway/basePathMapping:BasePathMapping", "delete aws:apigateway/domainName:DomainName",
		"delete aws:route53/record:Record",
	}},
	{name: "a NAT gateway in each zone is added and nothing else", key: "network.nat", value: "perAz", want: []string{
		"create " + eipToken, "create " + natToken, "create " + routeToken,
	}},
	{name: "more memory is a new version of the function, kept warm for its rollout", key: "api.memoryMb", value: 2048, want: []string{
		"replace aws:appautoscaling/policy:Policy", "replace aws:appautoscaling/target:Target",
		"replace aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
		"update aws:cloudwatch/metricAlarm:MetricAlarm", "update " + functionToken,
	}},
	{name: "a key that is moved to another plan is replaced there", key: "api.plans", value: []map[string]any{
		{"name": "standard", "rate": 50, "burst": 100, "quotaPerDay": 1000000, "keys": []string{"partner"}},
		{"name": "partner", "rate": 200, "burst": 400, "keys": []string{"first"}},
	}, want: []string{"replace aws:apigateway/usagePlanKey:UsagePlanKey"}},
	{name: "logs kept for longer stay where they are", key: "api.logRetentionDays", value: 90, want: []string{"update " + logGroupToken}},
	{name: "another network is rejected", key: "network.cidr", value: "10.20.0.0/16", rejected: []string{vpcToken, subnetToken}},
	{name: "fewer zones are rejected: databases may be in any", key: "network.zones", value: 2, problem: fewerZones},
	{name: "other zones are rejected: subnets cannot move", key: "network.zoneNames", value: []string{"eu-west-1a", "eu-west-1b", "eu-west-1-lcl-1a"},
		problem: `didomi:network.zoneNames is "eu-west-1-lcl-1a"; must be a list of names or ids of availability zones`},
	{name: "the same zones named in another order change nothing", key: "network.zoneNames", value: []string{"euw1-az3", "eu-west-1a", "euw1-az2"}},
	{name: "another database name is rejected: the cluster would be a new one", key: "data.database.name", value: "other", rejected: []string{clusterToken}},
	{name: "another domain is rejected: the zone would be a new one", key: "dns.domain", value: "example.org", rejected: []string{zoneToken}},
	{name: "a new route is a new deployment of the same API", file: "lambda/openapi/openapi.yaml",
		old: "\npaths:\n",
		text: `
paths:
  /ping:
    get:
      security: *key
      responses:
        "404": *notFound
      x-amazon-apigateway-integration: *buffered
    x-amazon-apigateway-any-method: *other
`,
		want: []string{
			"replace aws:apigateway/deployment:Deployment", "update aws:apigateway/restApi:RestApi", "update aws:apigateway/stage:Stage",
		}},
	{name: "a renamed component with an alias stays what it is", file: "main.go",
		old:  `dns.New(ctx, componentName("dns"), dns.Args{Config: cfg.DNS, Stage: ctx.Stack()}, provider)`,
		text: `dns.New(ctx, componentName("names"), dns.Args{Config: cfg.DNS, Stage: ctx.Stack()}, provider, pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String(componentName("dns"))}}))`},
	{name: "a renamed component without one is rejected", file: "main.go",
		old:      `dns.New(ctx, componentName("dns"),`,
		text:     `dns.New(ctx, componentName("names"),`,
		rejected: []string{zoneToken}},
	{name: "a new version of a secret changes nothing"},
}

// preview is the output of `pulumi preview --json`.
type preview struct {
	Steps []struct {
		Op, URN string
	}
	Diagnostics []struct {
		URN, Message, Severity string
	}
}

// kind returns the type in a URN.
func kind(urn string) string {
	qualified := strings.Split(urn, "::")[2]
	return qualified[strings.LastIndex(qualified, "$")+1:]
}

// checkEdits previews all edits of a stack concurrently, as many as there are processors. Settings are changed in a
// copy of the stack file, the program in a copy of the checkout.
func checkEdits(t *testing.T, out outputs) {
	t.Helper()
	newSecretVersion(t, out)
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			dir := repository(t)
			if e.file != "" {
				dir = copyTree(t)
				replaceIn(t, filepath.Join(dir, e.file), e.old, e.text)
			}
			config := filepath.Join(t.TempDir(), "Pulumi."+out.Stack+".yaml")
			writeFile(t, config, editedConfig(t, out, e))
			checkEdit(t, out, dir, config, e)
		})
	}
}

// checkDestroy previews a destroy of a stack and checks that it is rejected for these types.
func checkDestroy(t *testing.T, out outputs, tokens ...string) {
	t.Helper()
	stdout, stderr, code := pulumi(t, out, repository(t), "destroy", "--preview-only", "--stack", out.Stack, "--config-file", out.ConfigFile, "--json")
	var p preview
	if err := json.Unmarshal([]byte(stdout), &p); err != nil || code == 0 {
		t.Fatalf("destroy: exit %d, %v\n%s\n%s", code, err, stdout, stderr)
	}
	rejected := map[string]bool{}
	for urn := range refusals(p) {
		rejected[kind(urn)] = true
	}
	for _, token := range tokens {
		if !rejected[token] {
			t.Errorf("a destroy would take the %s", token)
		}
	}
}

// checkUnprotected checks that a stack without protection also keeps its data, in manual previews too: of a destroy,
// and of a change that replaces the database.
func checkUnprotected(t *testing.T, out outputs) {
	t.Helper()
	checkDestroy(t, out, clusterToken, bucketToken) // the preview does not reach the keys, on which both depend
	e := edit{key: "data.database.name", value: "other", rejected: []string{clusterToken}}
	config := filepath.Join(t.TempDir(), "Pulumi."+out.Stack+".yaml")
	writeFile(t, config, editedConfig(t, out, e))
	checkEdit(t, out, repository(t), config, e)
}

// newSecretVersion writes another password to the cache's secret, and restores the old one after the previews.
func newSecretVersion(t *testing.T, out outputs) {
	t.Helper()
	arn := aws.String(functionEnvironment(t, out)["REDIS_SECRET_ARN"])
	client := secretsmanager.NewFromConfig(awsConfig(out))
	before, err := client.GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: arn})
	if err != nil {
		t.Fatal(err)
	}
	put := func(value string) {
		_, err := client.PutSecretValue(context.Background(), &secretsmanager.PutSecretValueInput{SecretId: arn, SecretString: &value})
		if err != nil {
			t.Fatal(err)
		}
	}
	username, _ := login(t, out, *arn)
	put(`{"username":"` + username + `","password":"another-of-16-characters"}`)
	t.Cleanup(func() { put(aws.ToString(before.SecretString)) })
}

// replaceIn replaces a text that must occur exactly once.
func replaceIn(t *testing.T, path, old, text string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(content), old) != 1 {
		t.Fatalf("%s does not hold %q once", path, old)
	}
	writeFile(t, path, []byte(strings.Replace(string(content), old, text, 1)))
}

// editedConfig returns the stack's configuration with one changed setting.
func editedConfig(t *testing.T, out outputs, e edit) []byte {
	t.Helper()
	content, err := os.ReadFile(out.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	if e.key == "" {
		return content
	}
	var file map[string]any
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	path := strings.Split(e.key, ".")
	object := file["config"].(map[string]any)
	for _, name := range append([]string{"didomi:" + path[0]}, path[1:len(path)-1]...) {
		if object[name] == nil {
			object[name] = map[string]any{}
		}
		object = object[name].(map[string]any)
	}
	object[path[len(path)-1]] = e.value
	edited, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return edited
}

// checkEdit previews an edit and compares the steps.
func checkEdit(t *testing.T, out outputs, dir, config string, e edit) {
	t.Helper()
	stdout, stderr, code := pulumi(t, out, dir, "preview", "--refresh=false", "--stack", out.Stack, "--config-file", config, "--json")
	var p preview
	if err := json.Unmarshal([]byte(stdout), &p); err != nil {
		t.Fatalf("preview: exit %d, %v\n%s\n%s", code, err, stdout, stderr)
	}
	if e.problem != "" {
		if code == 0 || !said(p, e.problem) {
			t.Errorf("exit %d\n%v\nwant %s", code, p.Diagnostics, e.problem)
		}
		return
	}
	rejected := refusals(p)
	var steps []string
	for _, step := range p.Steps {
		if step.Op == "same" || step.Op == "read" {
			continue
		}
		token := kind(step.URN)
		steps = append(steps, step.Op+" "+token)
		if (step.Op == "replace" || step.Op == "delete") && slices.Contains(stateful, token) && !rejected[step.URN] {
			t.Errorf("%s %s, and nothing rejects it", step.Op, step.URN)
		}
	}
	slices.Sort(steps)
	if steps = slices.Compact(steps); len(e.rejected) == 0 && !slices.Equal(steps, e.want) {
		t.Errorf("an up would\n  %s\nwant\n  %s", strings.Join(steps, "\n  "), strings.Join(e.want, "\n  "))
	}
	tokens := map[string]bool{}
	for urn := range rejected {
		tokens[kind(urn)] = true
	}
	for _, token := range e.rejected {
		if !tokens[token] {
			t.Errorf("no %s is rejected", token)
		}
	}
	if (code != 0) != (len(e.rejected) > 0) {
		t.Errorf("exit %d\n%v\n%s", code, p.Diagnostics, stderr)
	}
}

// said reports whether an error of the preview contains the text.
func said(p preview, text string) bool {
	for _, d := range p.Diagnostics {
		if d.Severity == "error" && strings.Contains(d.Message, text) {
			return true
		}
	}
	return false
}

// refusals returns the URNs of the resources that the preview protects from the edit.
func refusals(p preview) map[string]bool {
	urns := map[string]bool{}
	for _, d := range p.Diagnostics {
		if d.Severity == "error" && (strings.Contains(d.Message, "marked for protection") || strings.Contains(d.Message, "it is protected")) {
			for _, quoted := range strings.Split(d.Message, `"`) {
				if strings.HasPrefix(quoted, "urn:pulumi:") {
					urns[quoted] = true
				}
			}
		}
	}
	return urns
}
