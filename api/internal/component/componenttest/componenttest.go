// Package componenttest runs the packages of the component api under mocks.
package componenttest

import (
	"testing"

	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Name is the component's in tests.
const Name = mocks.Project + "-" + mocks.Stack + "-api"

// Outputs are what AWS computes for the types that others of the component refer to.
var Outputs = map[string]func(mocks.Resource) map[string]any{
	"aws:lambda/function:Function": func(r mocks.Resource) map[string]any {
		return map[string]any{
			"name": r.Name, "version": "7",
			"invokeArn": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:" + r.Name + "/invocations",
		}
	},
	"aws:lambda/alias:Alias": func(r mocks.Resource) map[string]any {
		arn := "arn:aws:lambda:eu-west-1:123456789012:function:" + r.Inputs["functionName"].(string) + ":live"
		return map[string]any{
			"arn":       arn,
			"invokeArn": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + arn + "/invocations",
		}
	},
	"aws:wafv2/webAcl:WebAcl": func(r mocks.Resource) map[string]any {
		return map[string]any{"name": r.Name + "-1a2b3c4"}
	},
	"aws:cloudwatch/logGroup:LogGroup": func(r mocks.Resource) map[string]any {
		if _, named := r.Inputs["name"]; named {
			return nil
		}
		return map[string]any{"name": r.Name + "-1a2b3c4"}
	},
	"aws:apigateway/restApi:RestApi": func(r mocks.Resource) map[string]any {
		return map[string]any{"name": r.Name, "executionArn": "arn:aws:execute-api:eu-west-1:123456789012:" + r.Name}
	},
	"aws:apigateway/stage:Stage": func(mocks.Resource) map[string]any {
		return map[string]any{"invokeUrl": "https://rest.execute-api.eu-west-1.amazonaws.com/test"}
	},
	"aws:apigateway/apiKey:ApiKey": func(r mocks.Resource) map[string]any {
		return map[string]any{"value": "value of " + r.Name}
	},
	"aws:cloudwatch/metricAlarm:MetricAlarm": func(r mocks.Resource) map[string]any {
		return map[string]any{"name": r.Name + "-1a2b3c4"}
	},
	"aws:apigateway/domainName:DomainName": func(mocks.Resource) map[string]any {
		return map[string]any{"regionalDomainName": "d-1.execute-api.eu-west-1.amazonaws.com", "regionalZoneId": "ZREGIONAL"}
	},
}

// parent stands in for the component.
type parent struct{ pulumi.ResourceState }

// Build runs create under mocks, with a builder as the component has.
func Build(t *testing.T, create func(*pulumi.Context, component.Builder) error) *mocks.Recorder {
	t.Helper()
	return mocks.Mocks{Outputs: Outputs}.Run(t, func(ctx *pulumi.Context) error {
		c := &parent{}
		if err := ctx.RegisterComponentResource(mocks.Project+":api:API", Name, c); err != nil {
			return err
		}
		b, err := component.NewBuilder(ctx, Name, c, pulumi.String("arn:operations"), 30)
		if err != nil {
			return err
		}
		return create(ctx, b)
	})
}
