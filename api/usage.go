package api

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// apiKeys holds the values of the API keys by name, each a secret.
type apiKeys struct {
	byName pulumi.StringMap
	// first is the first plan's first key; empty when the API asks for none.
	first pulumi.StringOutput
}

// newUsage creates the usage plans with their keys, if the API requires any. Plans limit clients on a best-effort
// basis, as stage throttles do; they are not access control.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
func newUsage(ctx *pulumi.Context, b builder, g gateway) (apiKeys, error) {
	keys := apiKeys{byName: pulumi.StringMap{}, first: pulumi.ToSecret(pulumi.String("")).(pulumi.StringOutput)}
	if !b.args.Config.RequireAPIKey {
		return keys, nil
	}
	for _, p := range b.args.Config.Plans {
		plan, err := newUsagePlan(ctx, b, g, p)
		if err != nil {
			return keys, err
		}
		for _, name := range p.Keys {
			value, err := newKeyOf(ctx, b, plan, name)
			if err != nil {
				return keys, err
			}
			if len(keys.byName) == 0 {
				keys.first = value
			}
			keys.byName[name] = value
		}
	}
	return keys, nil
}

func newUsagePlan(ctx *pulumi.Context, b builder, g gateway, p Plan) (*apigateway.UsagePlan, error) {
	var throttles apigateway.UsagePlanApiStageThrottleArray
	for _, throttle := range b.args.Config.planThrottles(p) {
		throttles = append(throttles, &apigateway.UsagePlanApiStageThrottleArgs{
			Path:       pulumi.String(planMethod(throttle.Route)),
			RateLimit:  pulumi.Float64(float64(throttle.Rate)),
			BurstLimit: pulumi.Int(throttle.Burst),
		})
	}
	args := &apigateway.UsagePlanArgs{
		Description: pulumi.String("What one key of the plan " + p.Name + " may ask of the API"),
		ApiStages: apigateway.UsagePlanApiStageArray{&apigateway.UsagePlanApiStageArgs{
			ApiId:     g.restAPI.ID(),
			Stage:     g.stage.StageName,
			Throttles: throttles,
		}},
		ThrottleSettings: &apigateway.UsagePlanThrottleSettingsArgs{
			RateLimit:  pulumi.Float64(float64(p.Rate)),
			BurstLimit: pulumi.Int(p.Burst),
		},
	}
	if p.QuotaPerDay > 0 {
		args.QuotaSettings = &apigateway.UsagePlanQuotaSettingsArgs{
			Limit:  pulumi.Int(p.QuotaPerDay),
			Period: pulumi.String("DAY"),
		}
	}
	plan, err := apigateway.NewUsagePlan(ctx, b.Name+"-plan-"+p.Name, args, b.Parent)
	if err != nil {
		return nil, fmt.Errorf("api: usage plan %s: %w", p.Name, err)
	}
	return plan, nil
}

// planMethod is a route ("PUT /items/{id}") as usage plans name it ("/items/{id}/PUT"): they take the
// slashes as they are, which a stage's settings want escaped.
// https://github.com/cloudtools/troposphere/issues/1624
func planMethod(route string) string {
	method, path, _ := strings.Cut(route, " ")
	return path + "/" + method
}

// newKeyOf makes a key within a plan and returns its value, which AWS generates.
func newKeyOf(ctx *pulumi.Context, b builder, plan *apigateway.UsagePlan, name string) (pulumi.StringOutput, error) {
	key, err := apigateway.NewApiKey(ctx, b.Name+"-key-"+name, &apigateway.ApiKeyArgs{
		Description: pulumi.String("The key of " + name),
		Enabled:     pulumi.Bool(true),
	}, b.Parent, pulumi.AdditionalSecretOutputs([]string{"value"}))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: API key %s: %w", name, err)
	}
	// A key has one plan for each stage, so it leaves its plan before it joins another one.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
	// The provider repeats the key's value here and does not mark it.
	// https://github.com/hashicorp/terraform-provider-aws/issues/26739
	_, err = apigateway.NewUsagePlanKey(ctx, b.Name+"-plan-key-"+name, &apigateway.UsagePlanKeyArgs{
		KeyId:       key.ID(),
		KeyType:     pulumi.String("API_KEY"),
		UsagePlanId: plan.ID(),
	}, b.Parent, pulumi.DeleteBeforeReplace(true), pulumi.AdditionalSecretOutputs([]string{"value"}))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: plan of the key %s: %w", name, err)
	}
	return pulumi.ToSecret(key.Value).(pulumi.StringOutput), nil
}
