package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/api/internal/component/componenttest"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const aliasARN = "arn:aws:lambda:eu-west-1:123456789012:function:" + testName + "-function:live"

func TestGateway(t *testing.T) {
	r := build(t, full(t))
	rest := r.Find(t, "aws:apigateway/restApi:RestApi", testName+"-rest")
	deployment := r.Find(t, "aws:apigateway/deployment:Deployment", testName+"-deployment")
	stage := r.Find(t, "aws:apigateway/stage:Stage", testName+"-stage")
	body, _ := rest.Inputs["body"].(string)

	t.Run("the API is the document, with the alias in it", func(t *testing.T) {
		for _, uri := range []string{
			"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + aliasARN + "/invocations",
			"arn:aws:apigateway:eu-west-1:lambda:path/2021-11-15/functions/" + aliasARN + "/response-streaming-invocations",
		} {
			if !strings.Contains(body, `"`+uri+`"`) {
				t.Errorf("%s is not in the document", uri)
			}
		}
		if n := strings.Count(body, "functions/"); n != strings.Count(body, "functions/"+aliasARN+"/") {
			t.Error("the document names a function that is not the alias")
		}
	})
	t.Run("it is regional", func(t *testing.T) {
		if got := rest.Inputs["endpointConfiguration"]; !reflect.DeepEqual(got, map[string]any{"types": "REGIONAL", "ipAddressType": "ipv4"}) {
			t.Errorf("%v", got)
		}
	})
	t.Run("the deployment is replaced by the document's hash alone", func(t *testing.T) {
		sum := sha256.Sum256([]byte(body))
		if want := map[string]any{"document": hex.EncodeToString(sum[:])}; !reflect.DeepEqual(deployment.Inputs["triggers"], want) {
			t.Errorf("triggers %v, want %v", deployment.Inputs["triggers"], want)
		}
		if deployment.Inputs["stageName"] != nil {
			t.Error("the deployment creates a stage")
		}
	})
	t.Run("the stage serves the deployment, traced and logged", func(t *testing.T) {
		if stage.Inputs["deployment"] != deployment.Name+"-id" || stage.Inputs["stageName"] != "test" || stage.Inputs["xrayTracingEnabled"] != true {
			t.Errorf("%v", stage.Inputs)
		}
		access := r.Find(t, "aws:cloudwatch/logGroup:LogGroup", testName+"-access-log")
		settings, _ := stage.Inputs["accessLogSettings"].(map[string]any)
		if arn, _ := settings["destinationArn"].(string); !strings.HasSuffix(arn, ":"+access.Name) {
			t.Errorf("logs to %v", arn)
		}
		var line map[string]string
		if err := json.Unmarshal([]byte(settings["format"].(string)), &line); err != nil {
			t.Fatal(err)
		}
		if line["requestId"] != "$context.requestId" || line["status"] != "$context.status" || line["errorType"] != "$context.error.responseType" {
			t.Errorf("line %v", line)
		}
	})
	t.Run("the stage waits for its logs", func(t *testing.T) {
		if name := testName + "-execution-log"; !stage.DependsOn(name) {
			t.Errorf("it does not wait for %s: %v", name, stage.Options.DependsOn)
		}
	})
	t.Run("only this API's stage may invoke, and only the alias", func(t *testing.T) {
		p := r.Find(t, "aws:lambda/permission:Permission", testName+"-invoke").Inputs
		want := map[string]any{
			"action": "lambda:InvokeFunction", "principal": "apigateway.amazonaws.com",
			"function": testName + "-function", "qualifier": "live",
			"sourceArn": "arn:aws:execute-api:eu-west-1:123456789012:" + rest.Name + "/test/*/*",
		}
		if !reflect.DeepEqual(p, want) {
			t.Errorf("%v, want %v", p, want)
		}
		if !deployment.DependsOn(testName + "-invoke") {
			t.Error("the API is deployed before it may invoke")
		}
	})
}

func TestOnlyAChangeOfTheDocumentReplacesTheDeployment(t *testing.T) {
	trigger := func(args Args) any {
		return build(t, args).Find(t, "aws:apigateway/deployment:Deployment", testName+"-deployment").Inputs["triggers"]
	}
	base := trigger(full(t))
	for _, tt := range []struct {
		name    string
		change  func(*Args)
		changes bool
	}{
		{"new code", func(a *Args) { a.Code.SHA256 = "other" }, false},
		{"another migration", func(a *Args) { a.Code.MigrationsSHA256 = "other" }, false},
		{"other throttles", func(a *Args) { a.Config.ThrottleRate = 99 }, false},
		{"more memory", func(a *Args) { a.Config.MemoryMB = 2048 }, false},
		{"no firewall", func(a *Args) { a.Config.WAF = false }, false},
		{"another limit of a plan", func(a *Args) { a.Config.Plans[0].Rate = 49 }, false},
		{"another throttle of a method", func(a *Args) { a.Config.Throttles[0].Rate = 19 }, false},
		{"no key", func(a *Args) { a.Config.RequireAPIKey = false }, true},
		{"another origin", func(a *Args) { a.Config.CORSOrigins = a.Config.CORSOrigins[:1] }, true},
	} {
		verb := "keeps"
		if tt.changes {
			verb = "replaces"
		}
		t.Run(tt.name+" "+verb+" the deployment", func(t *testing.T) {
			args := full(t)
			tt.change(&args)
			if changed := !reflect.DeepEqual(trigger(args), base); changed != tt.changes {
				t.Errorf("changed: %v, want %v", changed, tt.changes)
			}
		})
	}
}

func TestThrottlesPlansWebACLAndDomain(t *testing.T) {
	r := build(t, full(t))
	t.Run("throttles apply to every method, and bodies are not logged", func(t *testing.T) {
		m := r.Find(t, "aws:apigateway/methodSettings:MethodSettings", testName+"-methods").Inputs
		settings, _ := m["settings"].(map[string]any)
		if m["methodPath"] != "*/*" || settings["throttlingRateLimit"] != 100.0 || settings["throttlingBurstLimit"] != 200.0 || settings["dataTraceEnabled"] != false {
			t.Errorf("%v", m)
		}
	})
	t.Run("a method with a throttle of its own has all other settings too, set one after the other", func(t *testing.T) {
		all := r.Find(t, "aws:apigateway/methodSettings:MethodSettings", testName+"-methods").Inputs["settings"].(map[string]any)
		before := testName + "-methods"
		for _, m := range []struct {
			name, path  string
			rate, burst float64
		}{
			{testName + "-methods-put-books-id", "~1books~1{id}/PUT", 20, 40},
			{testName + "-methods-post-scans-key", "~1scans~1{key+}/POST", 5, 10},
			{testName + "-methods-get-scans-key", "~1scans~1{key+}/GET", 7, 14},
			{testName + "-methods-get-ping", "~1ping/GET", 10, 20},
			{testName + "-methods-head-ping", "~1ping/HEAD", 10, 20},
		} {
			got := r.Find(t, "aws:apigateway/methodSettings:MethodSettings", m.name)
			want := maps.Clone(all)
			want["throttlingRateLimit"], want["throttlingBurstLimit"] = m.rate, m.burst
			if got.Inputs["methodPath"] != m.path || !reflect.DeepEqual(got.Inputs["settings"], want) {
				t.Errorf("%s: %v, want %s with %v", m.name, got.Inputs, m.path, want)
			}
			if !got.DependsOn(before) {
				t.Errorf("%s does not wait for %s", m.name, before)
			}
			before = m.name
		}
	})
	t.Run("every plan has the stage, and every key its plan", func(t *testing.T) {
		of := func(path string, rate, burst float64) map[string]any {
			return map[string]any{"path": path, "rateLimit": rate, "burstLimit": burst}
		}
		for name, want := range map[string]struct {
			throttle, quota any
			methods         []any
		}{
			"standard": {map[string]any{"rateLimit": 50.0, "burstLimit": 100.0}, map[string]any{"limit": 1000.0, "period": "DAY"}, []any{
				of("/scans/{key+}/GET", 3, 7),
			}},
			"partner": {map[string]any{"rateLimit": 80.0, "burstLimit": 160.0}, nil, []any{
				of("/books/{id}/PUT", 10, 20), of("/scans/{key+}/GET", 4, 8),
			}},
		} {
			plan := r.Find(t, "aws:apigateway/usagePlan:UsagePlan", testName+"-plan-"+name).Inputs
			if stages := []any{map[string]any{"apiId": testName + "-rest-id", "stage": "test", "throttles": want.methods}}; !reflect.DeepEqual(plan["apiStages"], stages) {
				t.Errorf("%s: stages %v, want %v", name, plan["apiStages"], stages)
			}
			if !reflect.DeepEqual(plan["throttleSettings"], want.throttle) || !reflect.DeepEqual(plan["quotaSettings"], want.quota) {
				t.Errorf("%s: %v and %v, want %v", name, plan["throttleSettings"], plan["quotaSettings"], want)
			}
		}
		for name, plan := range map[string]string{"first": "standard", "second": "standard", "acme": "partner"} {
			link := r.Find(t, "aws:apigateway/usagePlanKey:UsagePlanKey", testName+"-plan-key-"+name)
			want := map[string]any{"keyId": testName + "-key-" + name + "-id", "keyType": "API_KEY", "usagePlanId": testName + "-plan-" + plan + "-id"}
			if !reflect.DeepEqual(link.Inputs, want) {
				t.Errorf("%v, want %v", link.Inputs, want)
			}
			// Both have the key's value among their outputs, and the provider marks the first alone.
			// https://github.com/hashicorp/terraform-provider-aws/issues/26739
			for _, res := range []mocks.Resource{link, r.Find(t, "aws:apigateway/apiKey:ApiKey", testName+"-key-"+name)} {
				if !slices.Contains(res.Options.SecretOutputs, "value") {
					t.Errorf("the value of %s is no secret output", res.Name)
				}
			}
		}
	})
	t.Run("the web ACL is associated with the stage and allows large items", func(t *testing.T) {
		acl := r.Find(t, "aws:wafv2/webAcl:WebAcl", testName+"-waf")
		text, err := json.Marshal(acl.Inputs["rules"])
		if err != nil {
			t.Fatal(err)
		}
		for _, setting := range []string{
			`"name":"AWSManagedRulesCommonRuleSet"`, `"name":"AWSManagedRulesKnownBadInputsRuleSet"`,
			`"limit":48320`,
		} {
			if !strings.Contains(string(text), setting) {
				t.Errorf("%s is not in %s", setting, text)
			}
		}
		for legal, rules := range map[string][]string{
			"an item of 256 KiB": {"SizeRestrictions_BODY"},
			"an item with HTML, paths, addresses or code in it": {
				"CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY",
				"JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY",
			},
			"a file called app.log":   {"RestrictedExtensions_URIPATH"},
			"a file with a long name": {"SizeRestrictions_URIPATH"},
		} {
			for _, rule := range rules {
				if !strings.Contains(string(text), `{"actionToUse":{"count":{}},"name":"`+rule+`"}`) {
					t.Errorf("%s is blocked: %s does not only count", legal, rule)
				}
			}
		}
		reasons, err := os.ReadFile("../docs/decisions/firewall.md")
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range slices.Concat(commonCountOnly, badInputsCountOnly) {
			if !strings.Contains(string(reasons), "`"+rule+"`") {
				t.Errorf("docs/decisions/firewall.md does not say why %s only counts", rule)
			}
		}
		association := r.Find(t, "aws:wafv2/webAclAssociation:WebAclAssociation", testName+"-waf-stage").Inputs
		if arn, _ := association["resourceArn"].(string); !strings.HasSuffix(arn, ":"+testName+"-stage") {
			t.Errorf("associated with %v", arn)
		}
	})
	t.Run("the web ACL's log keeps blocked requests, without what identifies a client", func(t *testing.T) {
		group := r.Find(t, "aws:cloudwatch/logGroup:LogGroup", testName+"-waf-log").Inputs
		if name, _ := group["name"].(string); !strings.HasPrefix(name, "aws-waf-logs-"+testName+"-") {
			t.Errorf("the log group is named %q, and WAF requires the prefix aws-waf-logs-", name)
		}
		if group["kmsKeyId"] != "arn:operations" || group["retentionInDays"] == nil {
			t.Errorf("%v, want the stack's key and retention", group)
		}
		logging := r.Find(t, "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", testName+"-waf-logging").Inputs
		asJSON(t, logging["redactedFields"], `[{"queryString":{}},{"singleHeader":{"name":"authorization"}},`+
			`{"singleHeader":{"name":"cookie"}},{"singleHeader":{"name":"x-api-key"}}]`)
		asJSON(t, logging["loggingFilter"], `{"defaultBehavior":"DROP","filters":[{"behavior":"KEEP",`+
			`"conditions":[{"actionCondition":{"action":"BLOCK"}}],"requirement":"MEETS_ANY"}]}`)
		// Redaction is the log's alone; samples are protected by the web ACL.
		// https://docs.aws.amazon.com/waf/latest/APIReference/API_LoggingConfiguration.html
		asJSON(t, r.Find(t, "aws:wafv2/webAcl:WebAcl", testName+"-waf").Inputs["dataProtectionConfig"],
			`{"dataProtections":[{"action":"SUBSTITUTION","field":{"fieldKeys":["authorization","cookie","x-api-key"],"fieldType":"SINGLE_HEADER"}},`+
				`{"action":"SUBSTITUTION","field":{"fieldType":"SINGLE_COOKIE"}},{"action":"SUBSTITUTION","field":{"fieldType":"QUERY_STRING"}}]}`)
	})
	t.Run("the host name is mapped to the stage", func(t *testing.T) {
		domain := r.Find(t, "aws:apigateway/domainName:DomainName", testName+"-domain").Inputs
		if domain["domainName"] != "test.example.com" || domain["regionalCertificateArn"] != "arn:certificate" || domain["securityPolicy"] != "TLS_1_2" {
			t.Errorf("%v", domain)
		}
		mapping := r.Find(t, "aws:apigateway/basePathMapping:BasePathMapping", testName+"-domain-stage").Inputs
		if want := map[string]any{"domainName": "test.example.com", "restApi": testName + "-rest-id", "stageName": "test"}; !reflect.DeepEqual(mapping, want) {
			t.Errorf("%v, want %v", mapping, want)
		}
		record := r.Find(t, "aws:route53/record:Record", testName+"-domain-record").Inputs
		want := map[string]any{
			"zoneId": "Z1", "name": "test.example.com", "type": "A",
			"aliases": []any{map[string]any{
				"name": "d-1.execute-api.eu-west-1.amazonaws.com", "zoneId": "ZREGIONAL", "evaluateTargetHealth": false,
			}},
		}
		if !reflect.DeepEqual(record, want) {
			t.Errorf("%v, want %v", record, want)
		}
	})
}

// AWS rejects a stage with logs where the setting is missing, after everything else has been created:
// https://github.com/aws-solutions/virtual-waiting-room-on-aws/issues/74
func TestAPIGatewayNeedsARoleForItsLogs(t *testing.T) {
	const want = "api: API Gateway has no role to write logs with in account 123456789012, region eu-west-1; an administrator sets it: " +
		"run pulumi up in bootstrap/ (docs/how-to/bootstrap-an-account.md), with eu-west-1 in didomi-bootstrap:apiGateway.regions where bootstrap is in another region"
	for name, preview := range map[string]bool{"a preview says that it has none": true, "an update creates no stage without it": false} {
		t.Run(name, func(t *testing.T) {
			args := full(t)
			args.LogRoleARN = pulumi.String("")
			r, err := mocks.Mocks{Outputs: componenttest.Outputs, Preview: preview}.Try(func(ctx *pulumi.Context) error {
				_, err := New(ctx, testName, args)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
			if stages := r.OfType("aws:apigateway/stage:Stage"); len(stages) != 0 {
				t.Errorf("there is a stage: %v", stages[0].Inputs)
			}
		})
	}
	t.Run("a preview reads the role's ARN", func(t *testing.T) {
		var got string
		_, err := mocks.Mocks{Preview: true}.Try(func(ctx *pulumi.Context) error {
			role, err := LogRole(ctx, "log-role")
			role.ApplyT(func(arn string) string { got = arn; return arn })
			return err
		})
		if err != nil || !strings.HasSuffix(got, ":role/api-gateway-logs") {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("the stack creates none", func(t *testing.T) {
		for _, role := range build(t, full(t)).OfType("aws:iam/role:Role") {
			if trust, _ := role.Inputs["assumeRolePolicy"].(string); strings.Contains(trust, "apigateway.amazonaws.com") {
				t.Errorf("%s trusts API Gateway", role.Name)
			}
		}
	})
}

// asJSON compares a property with its JSON.
func asJSON(t *testing.T, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}
