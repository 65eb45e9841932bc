package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/lambda/openapi"
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
	body := renderFor(f.Alias, b.args.Config.Document, documentOptions{b.args.Config.RequireAPIKey, b.args.Config.CORSOrigins})
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
	allowed, err := allowInvocation(ctx, b, restAPI, f)
	if err != nil {
		return gateway{}, err
	}
	deployment, err := apigateway.NewDeployment(ctx, b.Name+"-deployment", &apigateway.DeploymentArgs{
		RestApi:     restAPI.ID(),
		Description: pulumi.String("One state of the OpenAPI document"),
		// A deployment is a copy of the API as it stands; a changed document needs a new copy, and
		// nothing else does. The stage moves to it before the old one goes.
		Triggers: pulumi.StringMap{"document": hashOf(body)},
	}, b.Parent, pulumi.DependsOn([]pulumi.Resource{allowed}))
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

// renderFor is the OpenAPI document for the alias, as JSON.
func renderFor(alias *lambda.Alias, definition *openapi.Document, c documentOptions) pulumi.StringOutput {
	return alias.InvokeArn.ApplyT(func(uri string) (string, error) {
		return render(definition, integrationURIs{buffered: uri, stream: streamURI(uri)}, c)
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

// allowInvocation allows this API's stage, and nothing else of API Gateway, to invoke the alias.
func allowInvocation(ctx *pulumi.Context, b builder, restAPI *apigateway.RestApi, f function.Functions) (*lambda.Permission, error) {
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
	return allowed, nil
}
