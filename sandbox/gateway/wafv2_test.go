package gateway

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// callWAF makes a call as the administrator, through the gateway.
func callWAF(t *testing.T, s *testEnv, action string, in map[string]any, out any) error {
	t.Helper()
	config := s.gateway.config
	config.Upstream = config.PublicURL
	return emulator.New(config.Upstream, config.Region, aws.Credentials{AccessKeyID: config.AccessKeyID, SecretAccessKey: config.SecretAccessKey}, http.DefaultClient).Target(t.Context(), "wafv2", "AWSWAF_20190729."+action, in, out)
}

// webACL makes a web ACL with protected fields and returns its ARN and id.
func webACL(t *testing.T, s *testEnv, name string, protection map[string]any) (arn, id string) {
	t.Helper()
	var created struct{ Summary struct{ ARN, ID string } }
	in := map[string]any{
		"Name": name, "Scope": "REGIONAL", "DefaultAction": map[string]any{"Allow": map[string]any{}},
		"VisibilityConfig": map[string]any{"MetricName": name, "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true},
	}
	if protection != nil {
		in["DataProtectionConfig"] = protection
	}
	if err := callWAF(t, s, "CreateWebACL", in, &created); err != nil {
		t.Fatal(err)
	}
	return created.Summary.ARN, created.Summary.ID
}

// WAF logs to a destination whose name has its prefix, and shows what the log leaves out.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_PutLoggingConfiguration.html
func TestAWebACLsLogging(t *testing.T) {
	s := newTestEnv(t, nil)
	arn, id := webACL(t, s, "logged", nil)
	put := func(resource, destination string, fields ...any) error {
		return callWAF(t, s, "PutLoggingConfiguration", map[string]any{"LoggingConfiguration": map[string]any{
			"ResourceArn": resource, "LogDestinationConfigs": []string{destination}, "RedactedFields": fields,
		}}, nil)
	}
	get := func() (string, error) {
		var got struct{ LoggingConfiguration map[string]any }
		err := callWAF(t, s, "GetLoggingConfiguration", map[string]any{"ResourceArn": arn}, &got)
		shown, _ := json.Marshal(got.LoggingConfiguration["RedactedFields"])
		return string(shown), err
	}
	const group = "arn:aws:logs:eu-west-1:000000000000:log-group:aws-waf-logs-a"
	header := map[string]any{"SingleHeader": map[string]any{"Name": "x-api-key"}}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a log group without the prefix is refused": {put(arn, "arn:aws:logs:eu-west-1:000000000000:log-group:waf"), "WAFInvalidParameterException"},
		"a log group's ARN with :* is refused":      {put(arn, group+":*"), "WAFInvalidParameterException"},
		"a body cannot be redacted":                 {put(arn, group, map[string]any{"Body": map[string]any{}}), "WAFInvalidParameterException"},
		"a web ACL that is not there is refused":    {put(arn+"0", group), "WAFNonexistentItemException"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, tt.err, tt.want)
		}
	}
	if _, err := get(); err == nil {
		t.Error("a refused call left a configuration")
	}
	if err := put(arn, group, header); err != nil {
		t.Fatal(err)
	}
	if shown, err := get(); err != nil || shown != `[{"SingleHeader":{"Name":"x-api-key"}}]` {
		t.Errorf("%s, %v", shown, err)
	}
	var acl struct{ LockToken string }
	if err := callWAF(t, s, "GetWebACL", map[string]any{"Id": id, "Name": "logged", "Scope": "REGIONAL"}, &acl); err != nil {
		t.Fatal(err)
	}
	if err := callWAF(t, s, "DeleteWebACL", map[string]any{"Id": id, "Name": "logged", "Scope": "REGIONAL", "LockToken": acl.LockToken}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := get(); err == nil {
		t.Error("the logging outlived its web ACL")
	}
}

// https://docs.aws.amazon.com/waf/latest/APIReference/API_DataProtectionConfig.html
func TestAWebACLShowsWhichFieldsItProtects(t *testing.T) {
	s := newTestEnv(t, nil)
	protection := map[string]any{"DataProtections": []any{map[string]any{
		"Action": "SUBSTITUTION", "Field": map[string]any{"FieldType": "SINGLE_HEADER", "FieldKeys": []any{"x-api-key"}},
	}}}
	_, id := webACL(t, s, "protected", protection)
	shown := func() (string, string) {
		var got struct {
			WebACL    map[string]any
			LockToken string
		}
		if err := callWAF(t, s, "GetWebACL", map[string]any{"Id": id, "Name": "protected", "Scope": "REGIONAL"}, &got); err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(got.WebACL["DataProtectionConfig"])
		return string(text), got.LockToken
	}
	want, _ := json.Marshal(protection)
	text, token := shown()
	if text != string(want) {
		t.Errorf("%s, want %s", text, want)
	}
	err := callWAF(t, s, "UpdateWebACL", map[string]any{
		"Id": id, "Name": "protected", "Scope": "REGIONAL", "LockToken": token, "DefaultAction": map[string]any{"Allow": map[string]any{}},
		"VisibilityConfig": map[string]any{"MetricName": "protected", "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true},
	}, nil)
	if text, _ = shown(); err != nil || text != "null" {
		t.Errorf("%s, %v, want none after an update without", text, err)
	}
}

// AssociateWebACL replaces the web ACL that a stage has, and DisassociateWebACL names the stage alone: an
// old association that is deleted after the new one was made takes the new one away.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
// https://github.com/pulumi/pulumi-aws/issues/4782
func TestAStageHasOneWebACLWhicheverIsTakenAway(t *testing.T) {
	s := newTestEnv(t, nil)
	client := apigateway.NewFromConfig(s.config())
	id := deployedAPI(t, client)
	stage := "arn:aws:apigateway:eu-west-1::/restapis/" + *id + "/stages/dev"
	shown := func() string {
		got, err := client.GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: id, StageName: aws.String("dev")})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(got.WebAclArn)
	}
	request := func(action string, in map[string]any, out any) error { return callWAF(t, s, action, in, out) }
	associate := func(name string) {
		t.Helper()
		var created struct{ Summary struct{ ARN string } }
		err := request("CreateWebACL", map[string]any{
			"Name": name, "Scope": "REGIONAL", "DefaultAction": map[string]any{"Allow": map[string]any{}},
			"VisibilityConfig": map[string]any{"MetricName": name, "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true},
		}, &created)
		if err == nil {
			err = request("AssociateWebACL", map[string]any{"ResourceArn": stage, "WebACLArn": created.Summary.ARN}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	has := func() string {
		var got struct{ WebACL struct{ Name string } }
		_ = request("GetWebACLForResource", map[string]any{"ResourceArn": stage}, &got) // of none: an error
		return got.WebACL.Name
	}
	associate("old")
	associate("new")
	if got := has(); got != "new" {
		t.Errorf("the stage has the web ACL %q, want the new one in place of the old", got)
	}
	if arn := shown(); !strings.Contains(arn, "/webacl/new/") {
		t.Errorf("the stage shows the web ACL %q", arn)
	}
	if err := request("DisassociateWebACL", map[string]any{"ResourceArn": stage}, nil); err != nil || has() != "" {
		t.Errorf("the stage has the web ACL %q after a deletion of the old association, %v; want none", has(), err)
	}
	if arn := shown(); arn != "" {
		t.Errorf("the stage still shows the web ACL %q", arn)
	}
}

// logsToOwn lets a role log what a web ACL sees to log groups of its stack.
const logsToOwn = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"wafv2:PutLoggingConfiguration","Resource":"*",
	"Condition":{"ArnLike":{"wafv2:LogDestinationResource":"arn:aws:logs:eu-west-1:000000000000:log-group:aws-waf-logs-didomi-dev-api-*"}}}]}`

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html
func TestAWebACLsLogGoesToTheStacksOwnGroup(t *testing.T) {
	s := newTestEnv(t, nil)
	arn, _ := webACL(t, s, "logged", nil)
	taken, err := s.assumeRole(t, "deploy", logsToOwn).Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	config := s.gateway.config
	config.Upstream = config.PublicURL
	role := emulator.New(config.Upstream, config.Region, aws.Credentials{AccessKeyID: config.AccessKeyID, SecretAccessKey: config.SecretAccessKey}, http.DefaultClient)
	role.Credentials = taken
	for name, c := range map[string]struct {
		group   string
		refused bool
	}{
		"to its own":     {"aws-waf-logs-didomi-dev-api-waf-1", false},
		"to another's":   {"aws-waf-logs-didomi-prod-api-waf-1", true},
		"to any other's": {"aws-waf-logs-other", true},
	} {
		t.Run(name, func(t *testing.T) {
			err := role.Target(t.Context(), "wafv2", "AWSWAF_20190729."+"PutLoggingConfiguration", map[string]any{"LoggingConfiguration": map[string]any{
				"ResourceArn": arn, "LogDestinationConfigs": []string{"arn:aws:logs:eu-west-1:000000000000:log-group:" + c.group},
			}}, nil)
			if refused := err != nil && strings.Contains(err.Error(), "AccessDenied"); refused != c.refused || err != nil && !refused {
				t.Errorf("%v, want a refusal: %v", err, c.refused)
			}
		})
	}
}
