package api

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// accessLogFields are what one line of the access log says about a request.
var accessLogFields = map[string]string{
	"requestId":          "$context.requestId",
	"extendedRequestId":  "$context.extendedRequestId",
	"traceId":            "$context.xrayTraceId",
	"time":               "$context.requestTimeEpoch",
	"ip":                 "$context.identity.sourceIp",
	"userAgent":          "$context.identity.userAgent",
	"apiKeyId":           "$context.identity.apiKeyId",
	"method":             "$context.httpMethod",
	"resource":           "$context.resourcePath",
	"path":               "$context.path",
	"protocol":           "$context.protocol",
	"status":             "$context.status",
	"responseLength":     "$context.responseLength",
	"responseLatency":    "$context.responseLatency",
	"integrationStatus":  "$context.integration.status",
	"integrationLatency": "$context.integration.latency",
	"waf":                "$context.waf.status",
	"error":              "$context.error.message",
	"errorType":          "$context.error.responseType",
}

// newStage makes the stage, apart from its deployment, and what holds for every method of it.
func newStage(ctx *pulumi.Context, s site, l logs, restAPI *apigateway.RestApi, deployment *apigateway.Deployment) (*apigateway.Stage, error) {
	format, err := json.Marshal(accessLogFields)
	if err != nil {
		return nil, fmt.Errorf("api: access log format: %w", err)
	}
	before, err := adoptAccount(ctx, s)
	if err != nil {
		return nil, err
	}
	// API Gateway makes this group on its own, to be kept for ever, unless it is there.
	execution, err := newLogGroup(ctx, s, "execution",
		pulumi.Sprintf("API-Gateway-Execution-Logs_%s/%s", restAPI.ID(), s.args.Stage))
	if err != nil {
		return nil, err
	}
	stage, err := apigateway.NewStage(ctx, s.name+"-stage", &apigateway.StageArgs{
		RestApi:             restAPI.ID(),
		Deployment:          deployment.ID(),
		StageName:           pulumi.String(s.args.Stage),
		Description:         pulumi.String("Serves the API"),
		XrayTracingEnabled:  pulumi.Bool(true),
		CacheClusterEnabled: pulumi.Bool(false),
		AccessLogSettings: &apigateway.StageAccessLogSettingsArgs{
			DestinationArn: l.access.Arn,
			Format:         pulumi.String(format),
		},
	}, s.parent, pulumi.DependsOn(append(before, execution)))
	if err != nil {
		return nil, fmt.Errorf("api: stage: %w", err)
	}
	_, err = apigateway.NewMethodSettings(ctx, s.name+"-methods", &apigateway.MethodSettingsArgs{
		RestApi:    restAPI.ID(),
		StageName:  stage.StageName,
		MethodPath: pulumi.String("*/*"),
		Settings: &apigateway.MethodSettingsSettingsArgs{
			MetricsEnabled: pulumi.Bool(true),
			LoggingLevel:   pulumi.String("ERROR"),
			// Bodies and headers are the clients'; they stay out of the log.
			DataTraceEnabled:     pulumi.Bool(false),
			CachingEnabled:       pulumi.Bool(false),
			ThrottlingRateLimit:  pulumi.Float64(float64(s.args.Config.ThrottleRate)),
			ThrottlingBurstLimit: pulumi.Int(s.args.Config.ThrottleBurst),
		},
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: method settings: %w", err)
	}
	return stage, nil
}
