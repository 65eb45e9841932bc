package api

import (
	"fmt"

	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/api/watch"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Token is the component's type in a project.
func Token(project string) string { return project + ":api:API" }

// API is the component. Its fields are what other components and the stack's outputs need.
type API struct {
	pulumi.ResourceState

	// URL is where clients go: the custom domain, or the stage's own address without one.
	URL pulumi.StringOutput `pulumi:"url"`
	// InvokeURL is the stage's own address.
	InvokeURL pulumi.StringOutput `pulumi:"invokeUrl"`
	// APIKey is the key that clients send as x-api-key, the first plan's first, a secret; empty when
	// none is required.
	APIKey pulumi.StringOutput `pulumi:"apiKey"`
	// APIKeys are all keys by name, each a secret.
	APIKeys pulumi.StringMapOutput `pulumi:"apiKeys"`
	// Auth is how callers prove who they are: none, jwt or iam.
	Auth pulumi.StringOutput `pulumi:"auth"`
	// OperationARNs are the ARNs of execute-api by route, for policies of callers that sign requests.
	OperationARNs pulumi.StringMapOutput `pulumi:"operationArns"`
	RestAPIID     pulumi.StringOutput    `pulumi:"restApiId"`
	StageName     pulumi.StringOutput    `pulumi:"stageName"`
	FunctionName  pulumi.StringOutput    `pulumi:"functionName"`
	// FunctionNames are those of all functions of the stack: each publishes a version at every deployment.
	FunctionNames pulumi.StringArrayOutput `pulumi:"functionNames"`
	// FunctionVersion is the newest one, which serves unless a rollout is still to come.
	FunctionVersion pulumi.StringOutput `pulumi:"functionVersion"`
	// AliasARN is what API Gateway invokes.
	AliasARN pulumi.StringOutput `pulumi:"aliasArn"`
	// AlarmTopicARN is notified of customer impact, WarningTopicARN of early warnings.
	AlarmTopicARN   pulumi.StringOutput `pulumi:"alarmTopicArn"`
	WarningTopicARN pulumi.StringOutput `pulumi:"warningTopicArn"`
	// RolloutAlarms are the names of the alarms that roll a rollout back.
	RolloutAlarms pulumi.StringArrayOutput `pulumi:"rolloutAlarms"`
	// DashboardName is the dashboard of the request path.
	DashboardName pulumi.StringOutput `pulumi:"dashboardName"`
}

// builder is what every resource of API Gateway is created with.
type builder struct {
	component.Builder
	args Args
}

// New creates the component. It rejects an invalid Config before it registers anything.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*API, error) {
	if err := config.Check("api", args.Config); err != nil {
		return nil, err
	}
	c := &API{}
	if err := ctx.RegisterComponentResource(Token(ctx.Project()), name, c, opts...); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	base, err := component.NewBuilder(ctx, name, c, args.OperationsKeyARN, args.Config.LogRetentionDays)
	if err != nil {
		return nil, err
	}
	b := builder{base, args}
	functions, err := function.New(ctx, b.functionArgs())
	if err != nil {
		return nil, err
	}
	g, err := newGateway(ctx, b, functions)
	if err != nil {
		return nil, err
	}
	if err := newWebACL(ctx, b, g.stage); err != nil {
		return nil, err
	}
	keys, err := newUsage(ctx, b, g)
	if err != nil {
		return nil, err
	}
	url, err := newDomain(ctx, b, g)
	if err != nil {
		return nil, err
	}
	monitoring, err := watch.New(ctx, b.watchArgs(functions, g))
	if err != nil {
		return nil, err
	}

	c.URL, c.InvokeURL, c.APIKey, c.APIKeys = url, g.stage.InvokeUrl, keys.first, keys.byName.ToStringMapOutput()
	c.Auth, c.OperationARNs = pulumi.String(args.Config.Auth).ToStringOutput(), operationARNs(b, g)
	c.RestAPIID, c.StageName = g.restAPI.ID().ToStringOutput(), g.stage.StageName
	c.FunctionName, c.FunctionVersion, c.AliasARN = functions.API.Name, functions.API.Version, functions.Alias.Arn
	c.FunctionNames = functions.Names.ToStringArrayOutput()
	c.AlarmTopicARN, c.WarningTopicARN = monitoring.AlarmTopicARN, monitoring.WarningTopicARN
	c.RolloutAlarms, c.DashboardName = monitoring.RolloutAlarms, monitoring.DashboardName
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"url": c.URL, "invokeUrl": c.InvokeURL, "apiKey": c.APIKey, "apiKeys": c.APIKeys,
		"auth": c.Auth, "operationArns": c.OperationARNs, "restApiId": c.RestAPIID, "stageName": c.StageName,
		"functionName": c.FunctionName, "functionNames": c.FunctionNames, "functionVersion": c.FunctionVersion, "aliasArn": c.AliasARN,
		"alarmTopicArn": c.AlarmTopicARN, "warningTopicArn": c.WarningTopicARN,
		"rolloutAlarms": c.RolloutAlarms, "dashboardName": c.DashboardName,
	})
}
