package api

import (
	"fmt"
	"strconv"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rateWindowSeconds is what WAF counts an address's requests over.
const rateWindowSeconds = 300

// The rules of AWS's sets that would block what the API allows; they only count. An item is any JSON
// of up to 256 KiB and a file's key any text of up to 1024 bytes: both are kept and given back, never
// run, so what reads as an attack in them is text. docs/decisions/firewall.md has each one's reason.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
var (
	commonCountOnly = []string{
		"SizeRestrictions_BODY", "EC2MetaDataSSRF_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "CrossSiteScripting_BODY",
		"SizeRestrictions_URIPATH", "RestrictedExtensions_URIPATH",
	}
	badInputsCountOnly = []string{"JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"}
)

// newWebACL creates the web ACL of the stage, if the stack configures one: first the rule of addresses that
// exceed their limit, then AWS's managed rules.
func newWebACL(ctx *pulumi.Context, b builder, stage *apigateway.Stage) error {
	if !b.args.Config.WAF {
		return nil
	}
	acl, err := wafv2.NewWebAcl(ctx, b.Name+"-waf", &wafv2.WebAclArgs{
		Description:   pulumi.String("Before the API"),
		Scope:         pulumi.String("REGIONAL"),
		DefaultAction: &wafv2.WebAclDefaultActionArgs{Allow: &wafv2.WebAclDefaultActionAllowArgs{}},
		// For what keeps requests: the log and the samples, which CloudWatch's console shows.
		DataProtectionConfig: protectedFields(),
		Rules:                webACLRules(b.args.Config),
		VisibilityConfig: &wafv2.WebAclVisibilityConfigArgs{
			CloudwatchMetricsEnabled: pulumi.Bool(true),
			MetricName:               pulumi.String(webACLMetric(b)),
			SampledRequestsEnabled:   pulumi.Bool(true),
		},
	}, b.Parent)
	if err != nil {
		return fmt.Errorf("api: web ACL: %w", err)
	}
	// A stage has one web ACL. AWS replaces it silently, and removes whichever there is: were the
	// old association deleted after the new one was made, the stage would have none (pulumi/pulumi-aws#4782).
	// https://docs.aws.amazon.com/waf/latest/APIReference/API_DisassociateWebACL.html
	_, err = wafv2.NewWebAclAssociation(ctx, b.Name+"-waf-stage", &wafv2.WebAclAssociationArgs{
		ResourceArn: stage.Arn,
		WebAclArn:   acl.Arn,
	}, b.Parent, pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return fmt.Errorf("api: web ACL of the stage: %w", err)
	}
	return newWebACLLog(ctx, b, acl)
}

// webACLRules are those of addresses and AWS's sets; and of tokens, where the stack limits them.
func webACLRules(c Config) wafv2.WebAclRuleArray {
	rules := wafv2.WebAclRuleArray{
		rateRule(c.addressLimit()),
		managedRules("common", 1, "AWSManagedRulesCommonRuleSet", commonCountOnly...),
		managedRules("bad-inputs", 2, "AWSManagedRulesKnownBadInputsRuleSet", badInputsCountOnly...),
	}
	if c.JWT.TokenRateLimit > 0 {
		rules = append(rules, tokenRateRule(c.JWT.TokenRateLimit))
	}
	return rules
}

// tokenRateRule blocks a token for as long as it comes with more requests than the limit: each value of the header
// Authorization is counted by itself, from whatever addresses, and requests without it are not.
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-aggregation-options.html
func tokenRateRule(limit int) *wafv2.WebAclRuleArgs {
	return blockAbove("token-rate", 3, limit, &wafv2.WebAclRuleStatementRateBasedStatementArgs{
		AggregateKeyType: pulumi.String("CUSTOM_KEYS"),
		CustomKeys: wafv2.WebAclRuleStatementRateBasedStatementCustomKeyArray{
			&wafv2.WebAclRuleStatementRateBasedStatementCustomKeyArgs{
				Header: &wafv2.WebAclRuleStatementRateBasedStatementCustomKeyHeaderArgs{
					Name: pulumi.String("authorization"),
					TextTransformations: wafv2.WebAclRuleStatementRateBasedStatementCustomKeyHeaderTextTransformationArray{
						&wafv2.WebAclRuleStatementRateBasedStatementCustomKeyHeaderTextTransformationArgs{
							Priority: pulumi.Int(0), Type: pulumi.String("NONE"),
						},
					},
				},
			},
		},
	})
}

// webACLMetric is what the web ACL is called in its metrics.
func webACLMetric(b builder) string { return b.Name + "-waf" }

// rateRuleName is the rate rule's name, in its metrics too.
const rateRuleName = "rate"

// rateRule blocks an address for as long as it makes more requests than the limit.
func rateRule(limit int) *wafv2.WebAclRuleArgs {
	return blockAbove(rateRuleName, 0, limit, &wafv2.WebAclRuleStatementRateBasedStatementArgs{AggregateKeyType: pulumi.String("IP")})
}

// blockAbove blocks what a statement counts by for as long as it makes more requests in the window than the limit.
func blockAbove(name string, priority, limit int, statement *wafv2.WebAclRuleStatementRateBasedStatementArgs) *wafv2.WebAclRuleArgs {
	statement.EvaluationWindowSec, statement.Limit = pulumi.Int(rateWindowSeconds), pulumi.Int(limit)
	return &wafv2.WebAclRuleArgs{
		Name:             pulumi.String(name),
		Priority:         pulumi.Int(priority),
		Action:           &wafv2.WebAclRuleActionArgs{Block: &wafv2.WebAclRuleActionBlockArgs{}},
		Statement:        &wafv2.WebAclRuleStatementArgs{RateBasedStatement: statement},
		VisibilityConfig: ruleVisibility(name),
	}
}

// managedRules takes a rule set of AWS as it is, save for the rules that shall only count.
func managedRules(name string, priority int, set string, countOnly ...string) *wafv2.WebAclRuleArgs {
	overrides := wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArray{}
	for _, rule := range countOnly {
		overrides = append(overrides, &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs{
			Name: pulumi.String(rule),
			ActionToUse: &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs{
				Count: &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs{},
			},
		})
	}
	return &wafv2.WebAclRuleArgs{
		Name:           pulumi.String(name),
		Priority:       pulumi.Int(priority),
		OverrideAction: &wafv2.WebAclRuleOverrideActionArgs{None: &wafv2.WebAclRuleOverrideActionNoneArgs{}},
		Statement: &wafv2.WebAclRuleStatementArgs{
			ManagedRuleGroupStatement: &wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs{
				VendorName:          pulumi.String("AWS"),
				Name:                pulumi.String(set),
				RuleActionOverrides: overrides,
			},
		},
		VisibilityConfig: ruleVisibility(name),
	}
}

func ruleVisibility(name string) *wafv2.WebAclRuleVisibilityConfigArgs {
	return &wafv2.WebAclRuleVisibilityConfigArgs{
		CloudwatchMetricsEnabled: pulumi.Bool(true),
		MetricName:               pulumi.String(name),
		SampledRequestsEnabled:   pulumi.Bool(true),
	}
}

// fastestPlanRequests is how many requests the fastest plan lets one key make within WAF's window, and what
// sets that limit. Without API keys, the stage's throttle of one method.
func (c Config) fastestPlanRequests() (requests int, by string) {
	requests, by = c.ThrottleRate*rateWindowSeconds+c.ThrottleBurst, "throttleRate"
	if !c.RequireAPIKey {
		return requests, by
	}
	requests = 0
	for _, plan := range c.Plans {
		if allowed := plan.Rate*rateWindowSeconds + plan.Burst; allowed > requests {
			requests, by = allowed, "the plan "+plan.Name
		}
	}
	return requests, by
}

// The limits of an address that the program takes; WAF's own least is 10.
const (
	leastAddressLimit   = 100
	highestAddressLimit = 20_000_000
)

// addressLimit is how many requests an address may make in WAF's window: the configured limit, or twice what
// the fastest plan allows. WAF counts before API Gateway does, so what a client sends beyond its plan, and
// sends again after a 429, counts too.
func (c Config) addressLimit() int {
	if c.WAFRateLimit > 0 {
		return c.WAFRateLimit
	}
	allowed, _ := c.fastestPlanRequests()
	return min(max(2*allowed, leastAddressLimit), highestAddressLimit)
}

// addressProblems checks that WAF lets an address make the requests that the fastest plan allows.
func (c Config) addressProblems() []config.FieldError {
	allowed, by := c.fastestPlanRequests()
	least := max(allowed, leastAddressLimit)
	if c.WAFRateLimit == 0 || least <= c.WAFRateLimit && c.WAFRateLimit <= highestAddressLimit {
		return nil
	}
	return []config.FieldError{{
		Key: "wafRateLimit", Value: strconv.Itoa(c.WAFRateLimit),
		MustBe: fmt.Sprintf("0, or an integer from %d (what %s allows one address in %d seconds) to %d", least, by, rateWindowSeconds, highestAddressLimit),
	}}
}
