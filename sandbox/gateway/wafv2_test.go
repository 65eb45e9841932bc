package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// callWAF makes a call to the gateway as the administrator.
func callWAF(t *testing.T, s *testEnv, action string, in map[string]any, out any) error {
	t.Helper()
	return s.client().Target(t.Context(), "wafv2", "AWSWAF_20190729."+action, in, out)
}

// webACL creates a web ACL with data protection, if any, and returns its ARN and ID.
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

// WAF logs to a destination whose name has its prefix, and returns the redacted fields.
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
		fields, _ := json.Marshal(got.LoggingConfiguration["RedactedFields"])
		return string(fields), err
	}
	const group = "arn:aws:logs:eu-west-1:000000000000:log-group:aws-waf-logs-a"
	header := map[string]any{"SingleHeader": map[string]any{"Name": "x-api-key"}}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a log group without the prefix is rejected": {put(arn, "arn:aws:logs:eu-west-1:000000000000:log-group:waf"), "WAFInvalidParameterException"},
		"a log group's ARN with :* is rejected":      {put(arn, group+":*"), "WAFInvalidParameterException"},
		"a body cannot be redacted":                  {put(arn, group, map[string]any{"Body": map[string]any{}}), "WAFInvalidParameterException"},
		"a web ACL that does not exist is rejected":  {put(arn+"0", group), "WAFNonexistentItemException"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, tt.err, tt.want)
		}
	}
	if _, err := get(); err == nil {
		t.Error("a rejected call stored a configuration")
	}
	if err := put(arn, group, header); err != nil {
		t.Fatal(err)
	}
	if fields, err := get(); err != nil || fields != `[{"SingleHeader":{"Name":"x-api-key"}}]` {
		t.Errorf("the redacted fields are %s, %v", fields, err)
	}
	var acl struct{ LockToken string }
	if err := callWAF(t, s, "GetWebACL", map[string]any{"Id": id, "Name": "logged", "Scope": "REGIONAL"}, &acl); err != nil {
		t.Fatal(err)
	}
	if err := callWAF(t, s, "DeleteWebACL", map[string]any{"Id": id, "Name": "logged", "Scope": "REGIONAL", "LockToken": acl.LockToken}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := get(); err == nil {
		t.Error("the logging configuration exists after the deletion of its web ACL")
	}
}

// https://docs.aws.amazon.com/waf/latest/APIReference/API_DataProtectionConfig.html
func TestAWebACLHasItsDataProtection(t *testing.T) {
	s := newTestEnv(t, nil)
	protection := map[string]any{"DataProtections": []any{map[string]any{
		"Action": "SUBSTITUTION", "Field": map[string]any{"FieldType": "SINGLE_HEADER", "FieldKeys": []any{"x-api-key"}},
	}}}
	_, id := webACL(t, s, "protected", protection)
	get := func() (protection, lockToken string) {
		var got struct {
			WebACL    map[string]any
			LockToken string
		}
		if err := callWAF(t, s, "GetWebACL", map[string]any{"Id": id, "Name": "protected", "Scope": "REGIONAL"}, &got); err != nil {
			t.Fatal(err)
		}
		config, _ := json.Marshal(got.WebACL["DataProtectionConfig"])
		return string(config), got.LockToken
	}
	want, _ := json.Marshal(protection)
	config, token := get()
	if config != string(want) {
		t.Errorf("got %s, want %s", config, want)
	}
	err := callWAF(t, s, "UpdateWebACL", map[string]any{
		"Id": id, "Name": "protected", "Scope": "REGIONAL", "LockToken": token, "DefaultAction": map[string]any{"Allow": map[string]any{}},
		"VisibilityConfig": map[string]any{"MetricName": "protected", "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true},
	}, nil)
	if config, _ = get(); err != nil || config != "null" {
		t.Errorf("after an update without data protection: %s, %v", config, err)
	}
}

// AssociateWebACL replaces a stage's web ACL, and DisassociateWebACL removes whichever the stage has. If the provider
// deletes an old association after it has created a new one, the stage has none.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
// https://github.com/pulumi/pulumi-aws/issues/4782
func TestAStageHasOneWebACL(t *testing.T) {
	s := newTestEnv(t, nil)
	client := apigateway.NewFromConfig(s.config())
	id := deployedAPI(t, client)
	stage := "arn:aws:apigateway:eu-west-1::/restapis/" + *id + "/stages/dev"
	webACLOfStage := func() string {
		got, err := client.GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: id, StageName: aws.String("dev")})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(got.WebAclArn)
	}
	associate := func(name string) {
		t.Helper()
		arn, _ := webACL(t, s, name, nil)
		if err := callWAF(t, s, "AssociateWebACL", map[string]any{"ResourceArn": stage, "WebACLArn": arn}, nil); err != nil {
			t.Fatal(err)
		}
	}
	associated := func() string {
		var got struct{ WebACL struct{ Name string } }
		_ = callWAF(t, s, "GetWebACLForResource", map[string]any{"ResourceArn": stage}, &got) // an error without a web ACL
		return got.WebACL.Name
	}
	associate("old")
	associate("new")
	if got := associated(); got != "new" {
		t.Errorf("the stage has the web ACL %q, want the new one", got)
	}
	if arn := webACLOfStage(); !strings.Contains(arn, "/webacl/new/") {
		t.Errorf("GetStage returns the web ACL %q", arn)
	}
	if err := callWAF(t, s, "DisassociateWebACL", map[string]any{"ResourceArn": stage}, nil); err != nil || associated() != "" {
		t.Errorf("after the disassociation the stage has the web ACL %q, %v", associated(), err)
	}
	if arn := webACLOfStage(); arn != "" {
		t.Errorf("after the disassociation GetStage returns the web ACL %q", arn)
	}
}

// logsToOwn allows a role to log a web ACL to log groups of its stack.
const logsToOwn = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"wafv2:PutLoggingConfiguration","Resource":"*",
	"Condition":{"ArnLike":{"wafv2:LogDestinationResource":"arn:aws:logs:eu-west-1:000000000000:log-group:aws-waf-logs-didomi-dev-api-*"}}}]}`

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html
func TestAPolicyCanLimitAWebACLsLogDestination(t *testing.T) {
	s := newTestEnv(t, nil)
	arn, _ := webACL(t, s, "logged", nil)
	client := s.client()
	var err error
	if client.Credentials, err = s.assumeRole(t, "deploy", logsToOwn).Credentials.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		group  string
		denied bool
	}{
		"to a log group of the stack":  {"aws-waf-logs-didomi-dev-api-waf-1", false},
		"to another stack's log group": {"aws-waf-logs-didomi-prod-api-waf-1", true},
		"to another log group":         {"aws-waf-logs-other", true},
	} {
		t.Run(name, func(t *testing.T) {
			err := client.Target(t.Context(), "wafv2", "AWSWAF_20190729.PutLoggingConfiguration", map[string]any{"LoggingConfiguration": map[string]any{
				"ResourceArn": arn, "LogDestinationConfigs": []string{"arn:aws:logs:eu-west-1:000000000000:log-group:" + c.group},
			}}, nil)
			if got := err != nil && strings.Contains(err.Error(), "AccessDenied"); got != c.denied || err != nil && !got {
				t.Errorf("got %v, want access denied: %v", err, c.denied)
			}
		})
	}
}
