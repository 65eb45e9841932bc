package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/didomi/serverless-api/api/function"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// gateway is the REST API and the stage that serves it.
type gateway struct {
	restAPI   *apigateway.RestApi
	stage     *apigateway.Stage
	accessLog *cloudwatch.LogGroup
}

// newGateway creates the REST API from the document, a deployment of it and the stage.
func newGateway(ctx *pulumi.Context, b builder, f function.Functions) (gateway, error) {
	body := renderFor(f, b.args.Config)
	restAPI, err := apigateway.NewRestApi(ctx, b.Name+"-rest", &apigateway.RestApiArgs{
		Body:                      body,
		Description:               pulumi.String(sentence(b.args.Config.Document.Title)),
		DisableExecuteApiEndpoint: pulumi.Bool(false),
		PutRestApiMode:            pulumi.String("overwrite"),
		EndpointConfiguration: &apigateway.RestApiEndpointConfigurationArgs{
			Types:         pulumi.String("REGIONAL"),
			IpAddressType: pulumi.String("ipv4"),
		},
	}, b.Parent)
	if err != nil {
		return gateway{}, fmt.Errorf("api: REST API: %w", err)
	}
	allowed, err := allowInvocations(ctx, b, restAPI, f)
	if err != nil {
		return gateway{}, err
	}
	deployment, err := apigateway.NewDeployment(ctx, b.Name+"-deployment", &apigateway.DeploymentArgs{
		RestApi:     restAPI.ID(),
		Description: pulumi.String("One state of the OpenAPI document"),
		// A deployment is a copy of the API as it stands; a changed document needs a new copy, and
		// nothing else does. The stage moves to it before the old one goes.
		Triggers: pulumi.StringMap{"document": hashOf(body)},
	}, b.Parent, pulumi.DependsOn(allowed))
	if err != nil {
		return gateway{}, fmt.Errorf("api: deployment: %w", err)
	}
	access, err := b.NewLogGroup(ctx, "access", nil)
	if err != nil {
		return gateway{}, err
	}
	stage, err := newStage(ctx, b, access, restAPI, deployment)
	if err != nil {
		return gateway{}, err
	}
	return gateway{restAPI, stage, access}, nil
}

// renderFor is the OpenAPI document for the functions, as JSON.
func renderFor(f function.Functions, c Config) pulumi.StringOutput {
	authorizer := pulumi.String("").ToStringOutput()
	if f.Authorizer != nil {
		authorizer = f.Authorizer.InvokeArn
	}
	return pulumi.All(f.Alias.InvokeArn, authorizer).ApplyT(func(arns []any) (string, error) {
		uri := arns[0].(string)
		return render(c.Document, integrationURIs{uri, streamURI(uri), arns[1].(string)}, c.documentOptions())
	}).(pulumi.StringOutput)
}

// sentence is the text with an upper case letter first.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// streamURI is the integration URI of a streaming invocation, derived from that of a buffered one: the provider outputs
// only the latter.
func streamURI(buffered string) string {
	return strings.NewReplacer(
		"/2015-03-31/functions/", "/2021-11-15/functions/",
		"/invocations", "/response-streaming-invocations",
	).Replace(buffered)
}

func hashOf(text pulumi.StringOutput) pulumi.StringOutput {
	return text.ApplyT(func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}).(pulumi.StringOutput)
}

// allowInvocations allows this API's stage, and nothing else of API Gateway, to invoke the alias; and this API's
// authorizer to invoke its function, if there is one. Each import of the document gives the authorizer another id.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-policy-language-overview.html
func allowInvocations(ctx *pulumi.Context, b builder, restAPI *apigateway.RestApi, f function.Functions) ([]pulumi.Resource, error) {
	allowed, err := lambda.NewPermission(ctx, b.Name+"-invoke", &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Principal: pulumi.String("apigateway.amazonaws.com"),
		Function:  f.API.Name,
		Qualifier: f.Alias.Name,
		SourceArn: pulumi.Sprintf("%s/%s/*/*", restAPI.ExecutionArn, b.args.Stage),
	}, b.Parent)
	if err != nil {
		return nil, fmt.Errorf("api: permission to invoke: %w", err)
	}
	if f.Authorizer == nil {
		return []pulumi.Resource{allowed}, nil
	}
	authorizer, err := lambda.NewPermission(ctx, b.Name+"-authorizer-invoke", &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Principal: pulumi.String("apigateway.amazonaws.com"),
		Function:  f.Authorizer.Name,
		SourceArn: pulumi.Sprintf("%s/authorizers/*", restAPI.ExecutionArn),
	}, b.Parent)
	if err != nil {
		return nil, fmt.Errorf("api: permission to invoke the authorizer: %w", err)
	}
	return []pulumi.Resource{allowed, authorizer}, nil
}
