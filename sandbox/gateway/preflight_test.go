package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	ec2gw "github.com/didomi/serverless-api/sandbox/gateway/ec2"
	lambdagw "github.com/didomi/serverless-api/sandbox/gateway/lambda"
	logsgw "github.com/didomi/serverless-api/sandbox/gateway/logs"
)

// preflight runs `go run ./ops preflight`, built once, against a gateway's account.
type preflight struct {
	s                        *testEnv
	ops, preview, stackFile  string
	backend                  string
	id, secret, sessionToken string
}

type preflightFinding struct{ Check, State, What, Do string }

// run returns the findings by state, and whether the command succeeded.
func (p *preflight) run(t *testing.T, args ...string) (byState map[string][]preflightFinding, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.ops, append([]string{
		"preflight", "--stack", "prod", "--preview", p.preview, "--config-file", p.stackFile, "--backend", p.backend, "--json",
	}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+p.s.server.URL, "AWS_REGION="+testRegion, "AWS_ACCESS_KEY_ID="+p.id,
		"AWS_SECRET_ACCESS_KEY="+p.secret, "AWS_SESSION_TOKEN="+p.sessionToken, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_MAX_ATTEMPTS=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var found []preflightFinding
	if decoded := json.Unmarshal(printed, &found); decoded != nil {
		t.Fatalf("%v: %s%s", decoded, printed, stderr.String())
	}
	byState = map[string][]preflightFinding{}
	for _, f := range found {
		if f.Check != "gitlab" { // there is no GitLab here; the tests of ops/preflight have one
			byState[f.State] = append(byState[f.State], f)
		}
	}
	return byState, err == nil
}

// newPreflight is for a preview of a new stack, in an account with bootstrap's resources.
func newPreflight(t *testing.T, s *testEnv) *preflight {
	t.Helper()
	p := &preflight{s: s, ops: filepath.Join(t.TempDir(), "ops"), id: "test", secret: "test"}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", p.ops, "./ops")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.preview = write(t, "preview.json", previewOf(t))
	key, err := kms.NewFromConfig(s.config()).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	p.stackFile = write(t, "Pulumi.prod.yaml", []byte("secretsprovider: awskms:///"+*key.KeyMetadata.Arn+"?region="+testRegion+"\n"))
	bucket := "preflight-state"
	_, err = s3.NewFromConfig(s.config(), func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: &bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: testRegion},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.backend = "s3://" + bucket + "?s3ForcePathStyle=true"
	if err := setLogRole(t.Context(), apigateway.NewFromConfig(s.config()), logRole(t, s, "preflight-logs", gatewayTrust, logsPolicy, "")); err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// previewOf returns a preview that creates one of every resource with a quota, with the values of prod.
func previewOf(t *testing.T) []byte {
	t.Helper()
	type m = map[string]any
	const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	urn := func(token, name string) string { return "urn:pulumi:prod::didomi::" + token + "::" + name }
	var steps []m
	create := func(token, name string, inputs m, refs m) {
		steps = append(steps, m{"op": "create", "urn": urn(token, name), "newState": m{
			"urn": urn(token, name), "type": token, "custom": true, "inputs": inputs, "propertyDependencies": refs,
		}})
	}
	create("pulumi:providers:aws", "didomi", m{"region": testRegion}, nil)
	create("aws:ec2/vpc:Vpc", "vpc", m{}, nil)
	create("aws:ec2/subnet:Subnet", "public", m{"availabilityZone": testRegion + "b"}, nil)
	create("aws:ec2/natGateway:NatGateway", "nat", m{"subnetId": unknown}, m{"subnetId": []string{urn("aws:ec2/subnet:Subnet", "public")}})
	create("aws:ec2/vpcEndpoint:VpcEndpoint", "kms", m{"vpcEndpointType": "Interface", "vpcId": unknown}, nil)
	create("aws:ec2/vpcEndpoint:VpcEndpoint", "s3", m{"vpcEndpointType": "Gateway", "vpcId": unknown}, nil)
	for _, token := range []string{
		"aws:ec2/internetGateway:InternetGateway", "aws:ec2/eip:Eip", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:ec2/securityGroup:SecurityGroup",
		"aws:apigateway/restApi:RestApi", "aws:apigateway/domainName:DomainName", "aws:apigateway/usagePlan:UsagePlan",
		"aws:rds/proxy:Proxy", "aws:rds/subnetGroup:SubnetGroup", "aws:rds/parameterGroup:ParameterGroup",
		"aws:rds/clusterParameterGroup:ClusterParameterGroup", "aws:iam/role:Role", "aws:iam/policy:Policy", "aws:kms/key:Key",
	} {
		create(token, "one", m{}, nil)
	}
	create("aws:rds/cluster:Cluster", "cluster", m{"engine": "aurora-postgresql", "engineVersion": "16.11"}, nil)
	create("aws:rds/clusterInstance:ClusterInstance", "instance", m{
		"engine": "aurora-postgresql", "engineVersion": "16.11", "instanceClass": "db.serverless", "clusterIdentifier": unknown,
	}, m{"clusterIdentifier": []string{urn("aws:rds/cluster:Cluster", "cluster")}})
	create("aws:elasticache/replicationGroup:ReplicationGroup", "cache", m{
		"engine": "valkey", "engineVersion": "8.1", "nodeType": "cache.r7g.large", "numNodeGroups": 3, "replicasPerNodeGroup": 1,
	}, nil)
	create("aws:lambda/function:Function", "function", m{"environment": m{"variables": m{"STREAM_MAX_MB": "16"}}}, nil)
	create("aws:apigateway/methodSettings:MethodSettings", "files", m{
		"methodPath": "~1files~1{key+}/GET", "settings": m{"throttlingRateLimit": 14, "throttlingBurstLimit": 28},
	}, nil)
	create("aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig", "warm", m{"provisionedConcurrentExecutions": 2}, nil)
	create("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "log-delivery", m{}, nil)
	create("aws:apigateway/stage:Stage", "stage", m{}, nil)
	preview, err := json.Marshal(m{"steps": steps})
	if err != nil {
		t.Fatal(err)
	}
	return preview
}

// upgradeTo returns a preview that upgrades a cluster from 16.13.
func upgradeTo(t *testing.T, version string) []byte {
	t.Helper()
	state := func(version string) map[string]any {
		return map[string]any{
			"urn": "urn:pulumi:prod::didomi::aws:rds/cluster:Cluster::cluster", "type": "aws:rds/cluster:Cluster", "custom": true, "id": "app",
			"inputs": map[string]any{"engine": "aurora-postgresql", "engineVersion": version},
		}
	}
	preview, err := json.Marshal(map[string]any{"steps": []any{map[string]any{
		"op": "update", "urn": state("")["urn"], "oldState": state("16.13"), "newState": state(version), "diffReasons": []string{"engineVersion"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return preview
}

// ampleQuotas are quotas that the tests do not exceed.
func ampleQuotas(g *Gateway) map[string]float64 {
	quotas := map[string]float64{}
	for key := range g.account.Limits.Defaults {
		quotas[key] = 100_000
	}
	return quotas
}

// callLogs makes a call to CloudWatch Logs.
func callLogs(t *testing.T, s *testEnv, action string, in map[string]string) {
	t.Helper()
	if err := s.gateway.account.Emulator.Target(t.Context(), "logs", logsgw.Target+action, in, nil); err != nil {
		t.Fatal(err)
	}
}

// ops/preflight documents the checks. Every check has a finding here, except IAM's quotas, which are AWS's defaults in
// the emulator, and checks that depend on another caller or state.
func TestPreflightReportsEverythingThatIsMissing(t *testing.T) {
	s := newTestEnv(t, nil)
	p := newPreflight(t, s)
	t.Run("an account with sufficient quotas passes", func(t *testing.T) {
		s.limit(t, call.Limits{Quotas: ampleQuotas(s.gateway)})
		found, ok := p.run(t)
		if !ok || len(found["missing"]) > 0 || len(found["warning"]) > 0 || len(found["not checked"]) > 0 {
			t.Errorf("ok %v: %+v %+v %+v", ok, found["missing"], found["warning"], found["not checked"])
		}
	})
	t.Run("an account with a new account's concurrency of 10 fails that check only", func(t *testing.T) {
		// https://github.com/anomalyco/sst/issues/5829
		quotas := ampleQuotas(s.gateway)
		quotas[lambdagw.QuotaConcurrency] = 10
		s.limit(t, call.Limits{Quotas: quotas})
		found, ok := p.run(t)
		if missing := found["missing"]; ok || len(missing) != 1 || missing[0].Check != "lambda-concurrency" || !strings.Contains(missing[0].Do, "--quota-code L-B99A9384 --desired-value") {
			t.Errorf("ok %v: %+v", ok, missing)
		}
		if w := found["warning"]; len(w) != 1 || w[0].Check != "stream-executions" || !strings.Contains(w[0].What, "98 executions at once (burst 28, rate 14, 5 seconds each), and the account has 10") {
			t.Errorf("warnings %+v", w)
		}
	})
	t.Run("an account without quotas and resources fails every check", func(t *testing.T) {
		none := call.Limits{Quotas: map[string]float64{}, NotOffered: []string{"aurora-postgresql 16.11", "valkey 8.1", "cache.r7g.large"}}
		for key := range s.gateway.account.Limits.Defaults {
			none.Quotas[key] = 0
		}
		s.limit(t, none)
		client := apigateway.NewFromConfig(s.config())
		if err := setLogRole(t.Context(), client, ""); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := setLogRole(t.Context(), client, "arn:aws:iam::000000000000:role/preflight-logs"); err != nil {
				t.Error(err)
			}
		}()
		found, ok := p.run(t, "--backend", "s3://there-is-none?s3ForcePathStyle=true", "--config-file",
			write(t, "Pulumi.prod.yaml", []byte("secretsprovider: awskms://alias/none?region="+testRegion+"\n")))
		var got []string
		for _, f := range found["missing"] {
			got = append(got, f.Check)
			if f.What == "" || f.Do == "" {
				t.Errorf("%+v has no instruction", f)
			}
		}
		want := []string{
			"vpcs", "internet-gateways", "elastic-ips", "nat-gateways", "interface-endpoints", "gateway-endpoints",
			"security-groups", "rest-apis", "domain-names", "usage-plans", "cache-nodes", "database-proxies",
			"database-clusters", "database-instances", "database-subnet-groups", "database-parameter-groups",
			"cluster-parameter-groups", "lambda-concurrency", "log-role", "database-offered", "cache-offered", "cache-offered",
			"state-bucket", "state-key",
		}
		if ok || !slices.Equal(got, want) {
			t.Errorf("ok %v, missing %v, want %v; not checked %+v", ok, got, want, found["not checked"])
		}
	})
	t.Run("an instance class that a zone does not offer is reported with the zone", func(t *testing.T) {
		s.limit(t, call.Limits{Quotas: ampleQuotas(s.gateway), NotOffered: []string{"db.serverless " + testRegion + "b"}})
		found, _ := p.run(t)
		if missing := found["missing"]; len(missing) != 1 || !strings.Contains(missing[0].What, testRegion+"b") {
			t.Errorf("%+v", missing)
		}
	})
	t.Run("an upgrade that RDS cannot make is reported with those that it can", func(t *testing.T) {
		s.limit(t, call.Limits{Quotas: ampleQuotas(s.gateway)})
		created := p.preview
		defer func() { p.preview = created }()
		for to, want := range map[string]string{"17.6": "from aurora-postgresql 16.13 to 17.6; it can to: 16.14, 17.9, 17.10, 18.3, 18.4", "16.11": "to 16.11;", "17.9": ""} {
			p.preview = write(t, "preview.json", upgradeTo(t, to))
			found, _ := p.run(t)
			if missing := found["missing"]; (want == "") != (len(missing) == 0) || want != "" && (missing[0].Check != "database-offered" || !strings.Contains(missing[0].What, want)) {
				t.Errorf("to %s: %+v", to, missing)
			}
		}
	})
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
	t.Run("10 resource policies of CloudWatch Logs leave no room for the stack's", func(t *testing.T) {
		s.limit(t, call.Limits{Quotas: ampleQuotas(s.gateway)})
		for i := range 10 {
			policy := fmt.Sprint(i)
			callLogs(t, s, "PutResourcePolicy", map[string]string{"policyName": policy, "policyDocument": `{"Version":"2012-10-17","Statement":[]}`})
			defer callLogs(t, s, "DeleteResourcePolicy", map[string]string{"policyName": policy})
		}
		found, ok := p.run(t)
		if missing := found["missing"]; ok || len(missing) != 1 || missing[0].Check != "log-resource-policies" {
			t.Errorf("ok %v: %+v", ok, missing)
		}
	})
	t.Run("a skipped check is reported as not checked", func(t *testing.T) {
		s.limit(t, call.Limits{Quotas: map[string]float64{ec2gw.QuotaVPCs: 0}})
		found, _ := p.run(t, "--skip", "vpcs,zones")
		if skipped := found["not checked"]; len(skipped) != 2 || skipped[0].Check != "vpcs" || slices.ContainsFunc(found["missing"], func(f preflightFinding) bool { return f.Check == "vpcs" }) {
			t.Errorf("%+v, %+v", skipped, found["missing"])
		}
	})
}

func TestPreflightReportsMissingPermissions(t *testing.T) {
	s := newTestEnv(t, nil)
	s.limit(t, call.Limits{Quotas: ampleQuotas(s.gateway)})
	p := newPreflight(t, s)
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`
	admin := iam.NewFromConfig(s.config())
	arn := role(t, s, "preflight-caller", trust)
	allow := func(statements string) {
		t.Helper()
		document := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, statements)
		if _, err := admin.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("preflight-caller"), PolicyName: aws.String("p"), PolicyDocument: &document}); err != nil {
			t.Fatal(err)
		}
	}
	session, err := sts.NewFromConfig(s.config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	p.id, p.secret, p.sessionToken = *session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken
	t.Run("a caller without permissions passes no check", func(t *testing.T) {
		allow(`{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}`)
		found, _ := p.run(t)
		// Without a new certificate and without copies, there is no delegation, no region and no opt-in to check.
		if len(found["ok"]) > 3 || len(found["not checked"]) < 20 {
			t.Errorf("ok: %+v, not checked: %+v", found["ok"], found["not checked"])
		}
	})
	t.Run("a caller gets the permissions that are missing", func(t *testing.T) {
		allow(`{"Effect":"Allow","Action":["sts:GetCallerIdentity","servicequotas:Get*","ec2:Describe*","rds:Describe*","elasticache:Describe*",
			"lambda:GetAccountSettings","iam:Get*","iam:SimulatePrincipalPolicy","logs:Describe*","apigateway:GET","s3:ListBucket","kms:DescribeKey"],"Resource":"*"},
			{"Effect":"Allow","Action":["ec2:CreateVpc","rds:CreateDBCluster","elasticache:CreateReplicationGroup","lambda:CreateFunction","apigateway:POST"],
			"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/serverless-api:stack":"didomi/prod"}}},
			{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/serverless-api:stack":"didomi/prod"}}}`)
		found, ok := p.run(t)
		missing := found["missing"]
		// The default security group of a new VPC has no tag, so the condition on the stack's tag excludes it.
		if ok || len(missing) != 2 || missing[0].Check != "permissions" || !strings.Contains(missing[0].What, "ec2:CreateTags") ||
			!strings.Contains(missing[1].What, "kms:CreateKey") || len(found["not checked"]) > 0 {
			t.Errorf("ok %v: %+v, not checked %+v", ok, missing, found["not checked"])
		}
	})
}
