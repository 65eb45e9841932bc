package gateway

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	autoscaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

const (
	scaledResource = "function:f:live"
	scaledBy       = types.ScalableDimensionLambdaFunctionProvisionedConcurrency
)

func TestAScalableTargetHasItsRegisteredValues(t *testing.T) {
	s := newTestEnv(t, nil)
	client := autoscaling.NewFromConfig(s.config())
	register := func(minimum, maximum int32, tags map[string]string) string {
		created, err := client.RegisterScalableTarget(t.Context(), &autoscaling.RegisterScalableTargetInput{
			ServiceNamespace: types.ServiceNamespaceLambda, ResourceId: aws.String(scaledResource), ScalableDimension: scaledBy,
			MinCapacity: &minimum, MaxCapacity: &maximum, Tags: tags,
		})
		if err != nil {
			t.Fatal(err)
		}
		return *created.ScalableTargetARN
	}
	first := register(2, 5, map[string]string{"environment": "test"})
	if again := register(3, 6, nil); again != first {
		t.Errorf("after the second registration the ARN is %s, want %s", again, first)
	}
	got, err := client.DescribeScalableTargets(t.Context(), &autoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceLambda, ResourceIds: []string{scaledResource},
	})
	if err != nil || len(got.ScalableTargets) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if target := got.ScalableTargets[0]; *target.MinCapacity != 3 || *target.MaxCapacity != 6 || *target.SuspendedState.ScheduledScalingSuspended {
		t.Errorf("%+v", target)
	}
	tags, err := client.ListTagsForResource(t.Context(), &autoscaling.ListTagsForResourceInput{ResourceARN: &first})
	if err != nil || tags.Tags["environment"] != "test" {
		t.Errorf("tags %v, %v", tags, err)
	}
}

func TestAScalingPolicyIsDeletedWithItsTarget(t *testing.T) {
	s := newTestEnv(t, nil)
	client := autoscaling.NewFromConfig(s.config())
	put := func() error {
		_, err := client.PutScalingPolicy(t.Context(), &autoscaling.PutScalingPolicyInput{
			PolicyName: aws.String("use"), PolicyType: types.PolicyTypeTargetTrackingScaling,
			ServiceNamespace: types.ServiceNamespaceLambda, ResourceId: aws.String(scaledResource), ScalableDimension: scaledBy,
			TargetTrackingScalingPolicyConfiguration: &types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(0.7)},
		})
		return err
	}
	if err := put(); errorCode(err) != "ObjectNotFoundException" {
		t.Errorf("a policy without a target is %v", err)
	}
	_, err := client.RegisterScalableTarget(t.Context(), &autoscaling.RegisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceLambda, ResourceId: aws.String(scaledResource), ScalableDimension: scaledBy,
		MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(2),
	})
	if err = errors.Join(err, put()); err != nil {
		t.Fatal(err)
	}
	policies := func() []types.ScalingPolicy {
		got, err := client.DescribeScalingPolicies(t.Context(), &autoscaling.DescribeScalingPoliciesInput{
			ServiceNamespace: types.ServiceNamespaceLambda, PolicyNames: []string{"use"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return got.ScalingPolicies
	}
	if got := policies(); len(got) != 1 || *got[0].TargetTrackingScalingPolicyConfiguration.TargetValue != 0.7 {
		t.Errorf("%+v", got)
	}
	_, err = client.DeregisterScalableTarget(t.Context(), &autoscaling.DeregisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceLambda, ResourceId: aws.String(scaledResource), ScalableDimension: scaledBy,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := policies(); len(got) != 0 {
		t.Errorf("policies after the deletion of the target: %+v", got)
	}
}

func TestScalingRequiresValidCredentials(t *testing.T) {
	s := newTestEnv(t, nil)
	client := autoscaling.NewFromConfig(s.configOf("nobody", "nothing", ""))
	_, err := client.DescribeScalableTargets(t.Context(), &autoscaling.DescribeScalableTargetsInput{ServiceNamespace: types.ServiceNamespaceLambda})
	if err == nil {
		t.Error("the call succeeded")
	}
}
