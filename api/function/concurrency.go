package function

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// provisionConcurrency provisions concurrency, if the stack sets any, and scales it with utilization, if the stack sets
// a maximum above it.
//
// Provisioned concurrency is configured on the version before the alias moves. An alias with weights may have
// none (InvalidParameterValueException: "Alias with weights can not be used with Provisioned Concurrency"),
// and one that has them is given weights by Lambda while it moves, which the next preview would find.
// In a canary the version that still serves keeps its own: `ops rollout` removes it once the version gets no requests.
func provisionConcurrency(ctx *pulumi.Context, a Args, function *lambda.Function, ready []pulumi.Resource) ([]pulumi.Resource, error) {
	c := a.Settings
	if c.ProvisionedConcurrency == 0 {
		return nil, nil
	}
	options := []pulumi.ResourceOption{a.Parent, pulumi.DependsOn(ready)}
	grows := c.ProvisionedMax > c.ProvisionedConcurrency
	if grows {
		options = append(options, pulumi.IgnoreChanges([]string{"provisionedConcurrentExecutions"}))
	}
	provisioned, err := lambda.NewProvisionedConcurrencyConfig(ctx, a.Name+"-warm", &lambda.ProvisionedConcurrencyConfigArgs{
		FunctionName:                    function.Name,
		Qualifier:                       function.Version,
		ProvisionedConcurrentExecutions: pulumi.Int(c.ProvisionedConcurrency),
		SkipDestroy:                     pulumi.Bool(c.Rollout == Canary),
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("api: provisioned concurrency: %w", err)
	}
	if grows {
		err = scaleWithUtilization(ctx, a, provisioned)
	}
	return []pulumi.Resource{provisioned}, err
}

// scaleWithUtilization scales provisioned concurrency by its utilization. Lambda publishes the utilization a minute late,
// and scaling up takes one or two more, so the target is below 100 %. Invocations beyond it have a cold start; they are
// not throttled.
func scaleWithUtilization(ctx *pulumi.Context, a Args, provisioned *lambda.ProvisionedConcurrencyConfig) error {
	c := a.Settings
	target, err := appautoscaling.NewTarget(ctx, a.Name+"-warm-range", &appautoscaling.TargetArgs{
		ServiceNamespace:  pulumi.String("lambda"),
		ScalableDimension: pulumi.String("lambda:function:ProvisionedConcurrency"),
		ResourceId:        pulumi.Sprintf("function:%s:%s", provisioned.FunctionName, provisioned.Qualifier),
		MinCapacity:       pulumi.Int(c.ProvisionedConcurrency),
		MaxCapacity:       pulumi.Int(c.ProvisionedMax),
	}, a.Parent)
	if err != nil {
		return fmt.Errorf("api: range of the provisioned concurrency: %w", err)
	}
	_, err = appautoscaling.NewPolicy(ctx, a.Name+"-warm-use", &appautoscaling.PolicyArgs{
		PolicyType:        pulumi.String("TargetTrackingScaling"),
		ServiceNamespace:  target.ServiceNamespace,
		ScalableDimension: target.ScalableDimension,
		ResourceId:        target.ResourceId,
		TargetTrackingScalingPolicyConfiguration: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs{
			TargetValue: pulumi.Float64(float64(c.ProvisionedUtilization) / 100),
			PredefinedMetricSpecification: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("LambdaProvisionedConcurrencyUtilization"),
			},
		},
	}, a.Parent)
	if err != nil {
		return fmt.Errorf("api: scaling of the provisioned concurrency: %w", err)
	}
	return nil
}
