package api

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// JWT is what the authorizer requires of a token.
type JWT struct {
	// Issuer is the claim iss, whose OpenID configuration names the keys.
	Issuer string `json:"issuer"`
	// Audience must be among the claim aud.
	Audience string `json:"audience"`
	// Algorithm is the only one that a signature may have.
	Algorithm string `json:"algorithm"`
	// ClockSkew is how far exp, nbf and iat may be off, a Go duration.
	ClockSkew string `json:"clockSkew"`
	// ResultTTL is how long API Gateway caches the authorizer's result of a token, a Go duration.
	ResultTTL string `json:"resultTtl"`
	// TokenRateLimit is how many requests with one token WAF allows in five minutes; 0: no limit.
	TokenRateLimit int `json:"tokenRateLimit"`
}

func defaultJWT() JWT { return JWT{Algorithm: "RS256", ClockSkew: "30s", ResultTTL: "60s"} }

// Bounds of the authorizer's settings.
const (
	longestSkew = 5 * time.Minute
	// longestResult is API Gateway's.
	// https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html
	longestResult = time.Hour
	// leastTokenLimit and highestTokenLimit are WAF's.
	// https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
	leastTokenLimit   = 10
	highestTokenLimit = 2_000_000_000
)

// authProblems checks auth, and the token's settings where auth is jwt. Set while it is not, they are rejected: an
// operator would believe that tokens are checked.
func (c Config) authProblems() []config.FieldError {
	problems := config.OneOf("auth", c.Auth, openapi.AuthNone, openapi.AuthJWT, openapi.AuthIAM)
	if c.Auth != openapi.AuthJWT {
		if c.JWT != defaultJWT() {
			problems = append(problems, config.FieldError{Key: "jwt", Value: "set", MustBe: "left out while auth is not jwt"})
		}
		return problems
	}
	for _, list := range [][]config.FieldError{
		c.issuerProblems(),
		c.audienceProblems(),
		config.OneOf("jwt.algorithm", c.JWT.Algorithm, algorithms...),
		wholeSeconds("jwt.clockSkew", c.JWT.ClockSkew, longestSkew),
		wholeSeconds("jwt.resultTtl", c.JWT.ResultTTL, longestResult),
		c.tokenLimitProblems(),
		c.scopeProblems(),
	} {
		problems = append(problems, list...)
	}
	return problems
}

// algorithms are the asymmetric ones of RFC 7518 and RFC 8037: with a symmetric one whoever can check a token can
// issue one.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// issuerProblems checks that the issuer is an identifier of OpenID Connect Discovery 1.0, 3: a URL with the scheme
// https and without query and fragment.
func (c Config) issuerProblems() []config.FieldError {
	text := c.JWT.Issuer
	u, err := url.Parse(text)
	if err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Opaque == "" && !strings.ContainsAny(text, "?# \t") {
		return nil
	}
	return []config.FieldError{{
		Key: "jwt.issuer", Value: config.Quote(text),
		MustBe: `the claim iss of the issuer's tokens, an https URL without query and fragment, such as "https://login.example.com/"`,
	}}
}

func (c Config) audienceProblems() []config.FieldError {
	if c.JWT.Audience != "" && c.JWT.Audience == strings.TrimSpace(c.JWT.Audience) {
		return nil
	}
	return []config.FieldError{{
		Key: "jwt.audience", Value: config.Quote(c.JWT.Audience), MustBe: `the claim aud of tokens for this API, such as "https://api.example.com"`,
	}}
}

// resultSeconds is how long API Gateway caches a result.
func (c Config) resultSeconds() int {
	ttl, _ := time.ParseDuration(c.JWT.ResultTTL) // Validate has checked it
	return int(ttl.Seconds())
}

// tokenLimitProblems checks that WAF, which counts the requests with a token, is there.
func (c Config) tokenLimitProblems() []config.FieldError {
	limit := c.JWT.TokenRateLimit
	mustBe := ""
	switch {
	case limit == 0:
		return nil
	case !c.WAF:
		mustBe = "0 while waf is false"
	case limit < leastTokenLimit || limit > highestTokenLimit:
		mustBe = fmt.Sprintf("0, or an integer from %d to %d", leastTokenLimit, highestTokenLimit)
	default:
		return nil
	}
	return []config.FieldError{{Key: "jwt.tokenRateLimit", Value: strconv.Itoa(limit), MustBe: mustBe}}
}

// scopeProblems names the operations that no token could call.
func (c Config) scopeProblems() []config.FieldError {
	without := c.Document.Routes(func(o openapi.Operation) bool { return o.Keyed && len(o.Scopes) == 0 })
	if len(without) == 0 {
		return nil
	}
	return []config.FieldError{{
		Key: "auth", Value: config.Quote(c.Auth),
		MustBe: "another one until x-scopes in the API's document names the scopes of " + strings.Join(without, ", "),
	}}
}

// private is whether responses are for the client alone, so that no shared cache may keep them.
func (c Config) private() bool { return c.RequireAPIKey || c.Auth != openapi.AuthNone }

// operationScopes are the scopes of each operation that requires authentication, by its part of an execute-api ARN.
func operationScopes(d *openapi.Document) map[string][]string {
	scopes := map[string][]string{}
	for _, o := range d.Operations() {
		if o.Keyed {
			scopes[o.InvokePath()] = o.Scopes
		}
	}
	return scopes
}

// authorizer are the settings of the function that checks tokens; nil: the stack requires none.
func (c Config) authorizer() *function.Authorizer {
	if c.Auth != openapi.AuthJWT {
		return nil
	}
	return &function.Authorizer{
		Issuer: c.JWT.Issuer, Audience: c.JWT.Audience, Algorithm: c.JWT.Algorithm, ClockSkew: c.JWT.ClockSkew,
		Scopes: operationScopes(c.Document),
	}
}

// operationARNs are the ARNs that a policy of a caller allows execute-api:Invoke on, by route.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func operationARNs(b builder, g gateway) pulumi.StringMapOutput {
	arns := pulumi.StringMap{}
	for _, o := range b.args.Config.Document.Operations() {
		if o.Keyed {
			arns[o.Route()] = pulumi.Sprintf("%s/%s/%s", g.restAPI.ExecutionArn, b.args.Stage, o.InvokePath())
		}
	}
	return arns.ToStringMapOutput()
}
