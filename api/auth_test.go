package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// withTokens has a configuration require tokens.
func withTokens(c *Config) {
	c.Auth = openapi.AuthJWT
	c.JWT.Issuer, c.JWT.Audience = "https://login.example.com/", "https://api.example.com"
}

func TestTheSettingsOfTokensAreChecked(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"tokens", withTokens, nil},
		{"signatures", func(c *Config) { c.Auth = openapi.AuthIAM }, nil},
		{"an unknown way to authenticate", func(c *Config) { c.Auth = "oauth" }, []string{`auth is "oauth"; must be one of none, jwt, iam`}},
		{"no way to authenticate", func(c *Config) { c.Auth = "" }, []string{`auth is not set; must be one of none, jwt, iam`}},
		{"settings of tokens that are not checked", func(c *Config) { withTokens(c); c.Auth = openapi.AuthNone }, []string{"jwt is set; must be left out while auth is not jwt"}},
		{"neither issuer nor audience", func(c *Config) { c.Auth = openapi.AuthJWT }, []string{"jwt.issuer is not set; must be the claim iss", "jwt.audience is not set; must be the claim aud"}},
		{"an issuer without TLS", func(c *Config) { withTokens(c); c.JWT.Issuer = "http://login.example.com" }, []string{`jwt.issuer is "http://login.example.com"`}},
		{"an issuer with a query", func(c *Config) { withTokens(c); c.JWT.Issuer += "?a=b" }, []string{"jwt.issuer is"}},
		{"an issuer with a fragment", func(c *Config) { withTokens(c); c.JWT.Issuer += "#" }, []string{"jwt.issuer is"}},
		{"an issuer with a password", func(c *Config) { withTokens(c); c.JWT.Issuer = "https://a:b@login.example.com" }, []string{"jwt.issuer is"}},
		{"an issuer without a host", func(c *Config) { withTokens(c); c.JWT.Issuer = "https:///tenant" }, []string{"jwt.issuer is"}},
		{"an audience with spaces around it", func(c *Config) { withTokens(c); c.JWT.Audience += " " }, []string{"jwt.audience is"}},
		{"a symmetric algorithm", func(c *Config) { withTokens(c); c.JWT.Algorithm = "HS256" }, []string{`jwt.algorithm is "HS256"; must be one of RS256, RS384`}},
		{"no algorithm", func(c *Config) { withTokens(c); c.JWT.Algorithm = "none" }, []string{`jwt.algorithm is "none"`}},
		{"a clock skew over five minutes", func(c *Config) { withTokens(c); c.JWT.ClockSkew = "5m1s" }, []string{`jwt.clockSkew is "5m1s"; must be a duration in whole seconds from 0s to 5m0s`}},
		{"a result that is cached for over an hour", func(c *Config) { withTokens(c); c.JWT.ResultTTL = "61m" }, []string{`jwt.resultTtl is "61m"; must be a duration in whole seconds from 0s to 1h0m0s`}},
		{"a part of a second", func(c *Config) { withTokens(c); c.JWT.ResultTTL = "1500ms" }, []string{`jwt.resultTtl is "1500ms"`}},
		{"a negative time", func(c *Config) { withTokens(c); c.JWT.ResultTTL = "-1s" }, []string{"jwt.resultTtl"}},
		{"the bounds", func(c *Config) {
			withTokens(c)
			c.JWT.ClockSkew, c.JWT.ResultTTL, c.JWT.TokenRateLimit = "5m", "0s", 10
		}, nil},
		{"a limit of a token below WAF's", func(c *Config) { withTokens(c); c.JWT.TokenRateLimit = 9 }, []string{"jwt.tokenRateLimit is 9; must be 0, or an integer from 10 to 2000000000"}},
		{"a limit of a token without WAF", func(c *Config) { withTokens(c); c.JWT.TokenRateLimit, c.WAF = 100, false }, []string{"jwt.tokenRateLimit is 100; must be 0 while waf is false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := defaults(t)
			tt.change(&c)
			var got []string
			for _, p := range c.Validate() {
				got = append(got, p.String())
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%q, want %q", got, tt.want)
			}
			for i, want := range tt.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("%q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestTokensNeedScopesOfEveryOperation(t *testing.T) {
	c := defaults(t)
	withTokens(&c)
	d, err := openapi.Parse([]byte(strings.ReplaceAll(source(t), "x-scopes: [scans:read], ", "")))
	if err != nil {
		t.Fatal(err)
	}
	c.Document = d
	got := c.Validate()
	if len(got) != 1 || !strings.Contains(got[0].String(), "GET /scans/{key+}, HEAD /scans/{key+}") {
		t.Errorf("%v", got)
	}
	c.Auth, c.JWT = openapi.AuthIAM, defaultJWT()
	if got := c.Validate(); len(got) != 0 {
		t.Errorf("signatures need them too: %v", got)
	}
}

// secured is the rendered document of a stack with that configuration.
func secured(t *testing.T, change func(*Config)) (parsed, map[string]any) {
	t.Helper()
	c := defaults(t)
	change(&c)
	text, err := render(c.Document, integrationURIs{"uri:buffered", "uri:stream", "uri:authorizer"}, c.documentOptions())
	if err != nil {
		t.Fatal(err)
	}
	var p parsed
	var root map[string]any
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	return p, root
}

func TestOperationsRequireWhatTheStackDoes(t *testing.T) {
	authorizer := map[string]any{
		"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
		"x-amazon-apigateway-authorizer": map[string]any{
			"type": "request", "authorizerUri": "uri:authorizer", "identitySource": "method.request.header.Authorization",
			"authorizerResultTtlInSeconds": 90.0,
		},
	}
	signature := map[string]any{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
	key := map[string]any{"type": "apiKey", "name": "x-api-key", "in": "header"}
	cached := func(c *Config) { withTokens(c); c.JWT.ResultTTL = "90s" }
	for _, tt := range []struct {
		name     string
		change   func(*Config)
		required []string
		schemes  map[string]any
	}{
		{"an API key", func(*Config) {}, []string{"apiKey"}, map[string]any{"apiKey": key}},
		{"a token and an API key", cached, []string{"token", "apiKey"}, map[string]any{"apiKey": key, "token": authorizer}},
		{"a token alone", func(c *Config) { cached(c); c.RequireAPIKey = false }, []string{"token"}, map[string]any{"token": authorizer}},
		{"a signature and an API key", func(c *Config) { c.Auth = openapi.AuthIAM }, []string{"signature", "apiKey"}, map[string]any{"apiKey": key, "signature": signature}},
		{"a signature alone", func(c *Config) { c.Auth, c.RequireAPIKey = openapi.AuthIAM, false }, []string{"signature"}, map[string]any{"signature": signature}},
		{"nothing", func(c *Config) { c.RequireAPIKey = false }, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.change
			p, _ := secured(t, func(config *Config) { c(config); config.CORSOrigins = []string{"*"} })
			if !reflect.DeepEqual(p.Components.SecuritySchemes, tt.schemes) {
				t.Errorf("the schemes are %v, want %v", p.Components.SecuritySchemes, tt.schemes)
			}
			for path, operations := range p.Paths {
				for method, o := range operations {
					var got []string
					for _, requirement := range o.Security {
						for name := range requirement {
							got = append(got, name)
						}
					}
					want := tt.required
					if path == "/ping" || method == "options" {
						want = nil
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s %s requires %v, want %v", method, path, got, want)
					}
				}
			}
		})
	}
}

// The contract's examples of 401 and 403 are what a caller gets.
func checkExample(t *testing.T, detail string) {
	t.Helper()
	d, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	contract, err := d.Contract()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(contract), `"detail": "`+detail+`"`) {
		t.Errorf("the contract has no example with the detail %q", detail)
	}
}

func TestARejectedCallerIsChallenged(t *testing.T) {
	const header = "gatewayresponse.header.WWW-Authenticate"
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   map[string][3]string // by response: status, challenge, detail
	}{
		{"with tokens", withTokens, map[string][3]string{
			"UNAUTHORIZED":  {"401", "'Bearer'", "the request has no valid token"},
			"ACCESS_DENIED": {"403", `'Bearer error="insufficient_scope"'`, "the scopes of the token do not allow this operation"},
		}},
		{"with signatures", func(c *Config) { c.Auth = openapi.AuthIAM }, map[string][3]string{
			"MISSING_AUTHENTICATION_TOKEN": {"401", "'AWS4-HMAC-SHA256'", "the request is not signed"},
			"INVALID_SIGNATURE":            {"401", "'AWS4-HMAC-SHA256'", "the signature is not valid"},
			"EXPIRED_TOKEN":                {"401", "'AWS4-HMAC-SHA256'", "the credentials of the signature have expired"},
			"ACCESS_DENIED":                {"403", "'AWS4-HMAC-SHA256'", "the caller's policies do not allow this operation"},
		}},
		{"with neither there is none", func(*Config) {}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, root := secured(t, func(c *Config) { tt.change(c); c.CORSOrigins = []string{"*"} })
			responses := root["x-amazon-apigateway-gateway-responses"].(map[string]any)
			for name, response := range p.Responses {
				want, challenged := tt.want[name]
				if got := response.ResponseParameters[header]; got != want[1] {
					t.Errorf("%s challenges with %q, want %q", name, got, want[1])
				}
				exposed := response.ResponseParameters["gatewayresponse.header.Access-Control-Expose-Headers"]
				if strings.Contains(exposed, "WWW-Authenticate") != (len(tt.want) > 0) {
					t.Errorf("%s exposes %s to pages", name, exposed)
				}
				if !challenged {
					continue
				}
				if response.ResponseParameters["gatewayresponse.header.Content-Type"] != "'application/problem+json'" {
					t.Errorf("%s is no problem", name)
				}
				full := responses[name].(map[string]any)
				body := full["responseTemplates"].(map[string]any)["application/json"]
				title := map[string]string{"401": "Unauthorized", "403": "Forbidden"}[want[0]]
				text := `{"title":"` + title + `","status":` + want[0] + `,"detail":"` + want[2] + `","request_id":"$context.requestId"}`
				checkExample(t, want[2])
				if full["statusCode"] != want[0] || body != text {
					t.Errorf("%s is %v %v, want %s %s", name, full["statusCode"], body, want[0], text)
				}
			}
			for name := range tt.want {
				if _, ok := p.Responses[name]; !ok {
					t.Errorf("%s is missing", name)
				}
			}
		})
	}
}

func TestAPIGatewayMayInvokeTheAuthorizerOfItsAPIAlone(t *testing.T) {
	args := full(t)
	withTokens(&args.Config)
	r := build(t, args)
	permission := r.Find(t, "aws:lambda/permission:Permission", testName+"-authorizer-invoke")
	for key, want := range map[string]any{
		"action": "lambda:InvokeFunction", "principal": "apigateway.amazonaws.com",
		"function": testName + "-authorizer", "sourceArn": "arn:aws:execute-api:eu-west-1:123456789012:" + testName + "-rest/authorizers/*",
	} {
		if got := permission.Inputs[key]; got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if !r.Find(t, "aws:apigateway/deployment:Deployment", testName+"-deployment").DependsOn(testName + "-authorizer-invoke") {
		t.Error("the stage would serve before it may invoke the authorizer")
	}
	body, _ := r.Find(t, "aws:apigateway/restApi:RestApi", testName+"-rest").Inputs["body"].(string)
	if !strings.Contains(body, `"authorizerUri":"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/`) {
		t.Error("the document has no address of the authorizer")
	}
	for _, auth := range []string{openapi.AuthNone, openapi.AuthIAM} {
		args := full(t)
		args.Config.Auth = auth
		for _, function := range build(t, args).OfType("aws:lambda/function:Function") {
			if strings.HasSuffix(function.Name, "-authorizer") {
				t.Errorf("auth %s has an authorizer", auth)
			}
		}
	}
}

func TestTheAuthorizerGetsTheScopesOfTheDocument(t *testing.T) {
	c := defaults(t)
	withTokens(&c)
	want := &function.Authorizer{
		Issuer: "https://login.example.com/", Audience: "https://api.example.com", Algorithm: "RS256", ClockSkew: "30s",
		Scopes: map[string][]string{
			"GET/books": {"books:read"}, "GET/books/*": {"books:read"}, "PUT/books/*": {"books:read", "books:write"},
			"GET/scans/*": {"scans:read"}, "HEAD/scans/*": {"scans:read"}, "POST/scans/*": {"scans:write"},
		},
	}
	if got := c.authorizer(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What a shared cache keeps, it would give to callers without authentication.
func TestResponsesArePrivateWhereCallersAuthenticate(t *testing.T) {
	for _, tt := range []struct {
		auth string
		key  bool
		want bool
	}{{openapi.AuthNone, false, false}, {openapi.AuthNone, true, true}, {openapi.AuthJWT, false, true}, {openapi.AuthIAM, false, true}} {
		c := Config{Auth: tt.auth, RequireAPIKey: tt.key}
		if got := c.private(); got != tt.want {
			t.Errorf("auth %s, key %v: private is %v", tt.auth, tt.key, got)
		}
	}
}

func TestWAFLimitsEachTokenWhereTheStackDoes(t *testing.T) {
	args := full(t)
	withTokens(&args.Config)
	args.Config.JWT.TokenRateLimit = 1000
	rules := build(t, args).Find(t, "aws:wafv2/webAcl:WebAcl", testName+"-waf").Inputs["rules"].([]any)
	if len(rules) != 4 {
		t.Fatalf("%d rules", len(rules))
	}
	want := map[string]any{"rateBasedStatement": map[string]any{
		"aggregateKeyType": "CUSTOM_KEYS", "evaluationWindowSec": 300.0, "limit": 1000.0,
		"customKeys": []any{map[string]any{"header": map[string]any{
			"name": "authorization", "textTransformations": []any{map[string]any{"priority": 0.0, "type": "NONE"}},
		}}},
	}}
	rule := rules[3].(map[string]any)
	if !reflect.DeepEqual(rule["statement"], want) || rule["priority"] != 3.0 {
		t.Errorf("%v, want %v", rule, want)
	}
}

// tokens are the arguments of a stack with everything, and with tokens.
func tokens(t *testing.T) Args {
	t.Helper()
	args := full(t)
	withTokens(&args.Config)
	return args
}

func TestARejectedCallerGetsAProblemWhateverTheDocumentHas(t *testing.T) {
	d, err := openapi.Parse([]byte(strings.Replace(source(t), "  DEFAULT_4XX:\n", "  DEFAULT_5XX:\n", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for auth, name := range map[string]string{openapi.AuthJWT: "UNAUTHORIZED", openapi.AuthIAM: "INVALID_SIGNATURE"} {
		t.Run(auth, func(t *testing.T) {
			p, _ := secured(t, func(c *Config) { c.Document, c.Auth = d, auth })
			if got := p.Responses[name].ResponseParameters["gatewayresponse.header.Content-Type"]; got != "'application/problem+json'" {
				t.Errorf("%s has the media type %q", name, got)
			}
		})
	}
}
