package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What the web ACL's log keeps.
const (
	wafLogBlocked = "blocked"
	wafLogAll     = "all"
	wafLogNone    = "none"
)

// webACLLogPrefix begins the name of every log group that WAF writes to.
// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
const webACLLogPrefix = "aws-waf-logs-"

// secretHeaders identify a client. The query string is protected too: it is the other place where clients put keys.
var secretHeaders = []string{"authorization", "cookie", "x-api-key"}

// newWebACLLog has WAF write its log. Blocked requests only, unless the stack asks for all: the others are in
// the access log, and a record is up to 2 KB and more. The redaction of a log does not change the
// samples, and covers what a rule matched only for rules with that field, so the web ACL protects the same fields.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_LoggingConfiguration.html
func newWebACLLog(ctx *pulumi.Context, b builder, acl *wafv2.WebAcl) error {
	if b.args.Config.WAFLog == wafLogNone {
		return nil
	}
	log, err := b.NewLogGroup(ctx, "waf", pulumi.Sprintf(webACLLogPrefix+"%s", acl.Name))
	if err != nil {
		return err
	}
	redacted := wafv2.WebAclLoggingConfigurationRedactedFieldArray{
		&wafv2.WebAclLoggingConfigurationRedactedFieldArgs{
			QueryString: &wafv2.WebAclLoggingConfigurationRedactedFieldQueryStringArgs{},
		},
	}
	for _, header := range secretHeaders {
		redacted = append(redacted, &wafv2.WebAclLoggingConfigurationRedactedFieldArgs{
			SingleHeader: &wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs{Name: pulumi.String(header)},
		})
	}
	args := &wafv2.WebAclLoggingConfigurationArgs{
		ResourceArn:           acl.Arn,
		LogDestinationConfigs: pulumi.StringArray{log.Arn},
		RedactedFields:        redacted,
	}
	if b.args.Config.WAFLog == wafLogBlocked {
		args.LoggingFilter = blockedOnly()
	}
	if _, err = wafv2.NewWebAclLoggingConfiguration(ctx, b.Name+"-waf-logging", args, b.Parent); err != nil {
		return fmt.Errorf("api: log of the web ACL: %w", err)
	}
	return nil
}

func blockedOnly() *wafv2.WebAclLoggingConfigurationLoggingFilterArgs {
	return &wafv2.WebAclLoggingConfigurationLoggingFilterArgs{
		DefaultBehavior: pulumi.String("DROP"),
		Filters: wafv2.WebAclLoggingConfigurationLoggingFilterFilterArray{
			&wafv2.WebAclLoggingConfigurationLoggingFilterFilterArgs{
				Behavior:    pulumi.String("KEEP"),
				Requirement: pulumi.String("MEETS_ANY"),
				Conditions: wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArray{
					&wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs{
						ActionCondition: &wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionActionConditionArgs{
							Action: pulumi.String("BLOCK"),
						},
					},
				},
			},
		},
	}
}

// protectedFields are replaced by REDACTED wherever WAF keeps a request.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_DataProtectionConfig.html
func protectedFields() *wafv2.WebAclDataProtectionConfigArgs {
	field := func(kind string, keys ...string) *wafv2.WebAclDataProtectionConfigDataProtectionArgs {
		protected := &wafv2.WebAclDataProtectionConfigDataProtectionFieldArgs{FieldType: pulumi.String(kind)}
		if len(keys) > 0 { // none: all
			protected.FieldKeys = pulumi.ToStringArray(keys)
		}
		return &wafv2.WebAclDataProtectionConfigDataProtectionArgs{Action: pulumi.String("SUBSTITUTION"), Field: protected}
	}
	return &wafv2.WebAclDataProtectionConfigArgs{
		DataProtections: wafv2.WebAclDataProtectionConfigDataProtectionArray{
			field("SINGLE_HEADER", secretHeaders...), field("SINGLE_COOKIE"), field("QUERY_STRING"),
		},
	}
}
