package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newUsage makes a usage plan with one key and returns the key's value, a secret; empty when the API
// asks for none. The plan shares the API out, best effort; it is not access control.
func newUsage(ctx *pulumi.Context, s site, g gateway) (pulumi.StringOutput, error) {
	none := pulumi.ToSecret(pulumi.String("")).(pulumi.StringOutput)
	c := s.args.Config
	if !c.RequireAPIKey {
		return none, nil
	}
	plan := &apigateway.UsagePlanArgs{
		Description: pulumi.String("What one key may ask of the API"),
		ApiStages: apigateway.UsagePlanApiStageArray{&apigateway.UsagePlanApiStageArgs{
			ApiId: g.restAPI.ID(),
			Stage: g.stage.StageName,
		}},
		ThrottleSettings: &apigateway.UsagePlanThrottleSettingsArgs{
			RateLimit:  pulumi.Float64(float64(c.UsagePlanRate)),
			BurstLimit: pulumi.Int(c.UsagePlanBurst),
		},
	}
	if c.QuotaPerDay > 0 {
		plan.QuotaSettings = &apigateway.UsagePlanQuotaSettingsArgs{
			Limit:  pulumi.Int(c.QuotaPerDay),
			Period: pulumi.String("DAY"),
		}
	}
	usagePlan, err := apigateway.NewUsagePlan(ctx, s.name+"-plan", plan, s.parent)
	if err != nil {
		return none, fmt.Errorf("api: usage plan: %w", err)
	}
	key, err := apigateway.NewApiKey(ctx, s.name+"-key", &apigateway.ApiKeyArgs{
		Description: pulumi.String("The first client"),
		Enabled:     pulumi.Bool(true),
	}, s.parent, pulumi.AdditionalSecretOutputs([]string{"value"}))
	if err != nil {
		return none, fmt.Errorf("api: API key: %w", err)
	}
	_, err = apigateway.NewUsagePlanKey(ctx, s.name+"-plan-key", &apigateway.UsagePlanKeyArgs{
		KeyId:       key.ID(),
		KeyType:     pulumi.String("API_KEY"),
		UsagePlanId: usagePlan.ID(),
	}, s.parent)
	if err != nil {
		return none, fmt.Errorf("api: key of the usage plan: %w", err)
	}
	return pulumi.ToSecret(key.Value).(pulumi.StringOutput), nil
}
