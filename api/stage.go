package api

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// accessLogFields are the fields of a line of the access log. None has text of the client that could contain a quote:
// AWS documents no escaping, and none was seen in 2022 (https://github.com/DataBiosphere/azul/issues/4009), so quotes in a User-Agent could change
// every field after it. A requestId that the client sends is a UUID or is replaced. X-Cache is not a field: for a proxy
// integration no $context variable has a header of the response. The function's line with the same requestId has it.
// docs/decisions/access-log.md has the details.
var accessLogFields = map[string]string{
	"requestId":          "$context.requestId",
	"extendedRequestId":  "$context.extendedRequestId",
	"time":               "$context.requestTimeEpoch",
	"ip":                 "$context.identity.sourceIp",
	"apiKeyId":           "$context.identity.apiKeyId",
	"principalId":        "$context.authorizer.principalId", // a hash (lambda/authorize)
	"caller":             "$context.identity.caller",        // of a signature: the id of a user, or of a role and its session's name
	"method":             "$context.httpMethod",
	"resource":           "$context.resourcePath",
	"protocol":           "$context.protocol",
	"status":             "$context.status",
	"responseLength":     "$context.responseLength",
	"responseLatency":    "$context.responseLatency",
	"functionRequestId":  "$context.integration.requestId",
	"functionStatus":     "$context.integration.integrationStatus",
	"integrationStatus":  "$context.integration.status",
	"integrationLatency": "$context.integration.latency",
	"waf":                "$context.waf.status",
	"errorType":          "$context.error.responseType",
}

// newStage creates the stage, which is separate from its deployment, and the settings of its methods.
func newStage(ctx *pulumi.Context, b builder, access *cloudwatch.LogGroup, restAPI *apigateway.RestApi, deployment *apigateway.Deployment) (*apigateway.Stage, error) {
	format, err := json.Marshal(accessLogFields)
	if err != nil {
		return nil, fmt.Errorf("api: access log format: %w", err)
	}
	// API Gateway creates this group itself, without a retention, unless it exists.
	execution, err := b.NewLogGroup(ctx, "execution",
		pulumi.Sprintf("API-Gateway-Execution-Logs_%s/%s", restAPI.ID(), b.args.Stage))
	if err != nil {
		return nil, err
	}
	stage, err := apigateway.NewStage(ctx, b.Name+"-stage", &apigateway.StageArgs{
		RestApi:             restAPI.ID(),
		Deployment:          deployment.ID(),
		StageName:           pulumi.String(b.args.Stage),
		Description:         pulumi.String("Serves the API"),
		XrayTracingEnabled:  pulumi.Bool(true),
		CacheClusterEnabled: pulumi.Bool(false),
		AccessLogSettings: &apigateway.StageAccessLogSettingsArgs{
			DestinationArn: logDestination(b, access),
			Format:         pulumi.String(format),
		},
	}, b.Parent, pulumi.DependsOn([]pulumi.Resource{execution}))
	if err != nil {
		return nil, fmt.Errorf("api: stage: %w", err)
	}
	return stage, newMethodSettings(ctx, b, restAPI, stage)
}

// everyMethod is the settings' name for all methods that have none of their own.
const everyMethod = "*/*"

// newMethodSettings sets throttling, metrics and the execution log of all methods, and then of those
// with a throttle of their own: such a method inherits no setting of all methods, so each is
// repeated. One after the other, since all change one stage.
func newMethodSettings(ctx *pulumi.Context, b builder, restAPI *apigateway.RestApi, stage *apigateway.Stage) error {
	c := b.args.Config
	before, err := newMethodSetting(ctx, b, restAPI, stage, "methods", everyMethod, c.ThrottleRate, c.ThrottleBurst)
	for _, throttle := range c.methodThrottles() {
		if err != nil {
			return err
		}
		before, err = newMethodSetting(ctx, b, restAPI, stage, "methods-"+resourceName(throttle.Route),
			openapi.MethodPath(throttle.Route), throttle.Rate, throttle.Burst, pulumi.DependsOn([]pulumi.Resource{before}))
	}
	return err
}

// resourceName is a route as it is written in a resource's name ("put-items-id").
func resourceName(route string) string {
	words := strings.FieldsFunc(strings.ToLower(route), func(r rune) bool { return strings.ContainsRune(" /{+}", r) })
	return strings.Join(words, "-")
}

func newMethodSetting(ctx *pulumi.Context, b builder, restAPI *apigateway.RestApi, stage *apigateway.Stage, suffix, path string, rate, burst int, options ...pulumi.ResourceOption) (*apigateway.MethodSettings, error) {
	settings, err := apigateway.NewMethodSettings(ctx, b.Name+"-"+suffix, &apigateway.MethodSettingsArgs{
		RestApi:    restAPI.ID(),
		StageName:  stage.StageName,
		MethodPath: pulumi.String(path),
		Settings: &apigateway.MethodSettingsSettingsArgs{
			MetricsEnabled: pulumi.Bool(true),
			LoggingLevel:   pulumi.String("ERROR"),
			// Bodies and headers are the clients'; they stay out of the log.
			DataTraceEnabled:     pulumi.Bool(false),
			CachingEnabled:       pulumi.Bool(false),
			ThrottlingRateLimit:  pulumi.Float64(float64(rate)),
			ThrottlingBurstLimit: pulumi.Int(burst),
		},
	}, append(options, b.Parent)...)
	if err != nil {
		return nil, fmt.Errorf("api: settings of the methods %s: %w", path, err)
	}
	return settings, nil
}
