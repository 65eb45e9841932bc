package gateway

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestAnAliasWithWeightsLeadsToItsVersionsByChance(t *testing.T) {
	var draws float64
	s := newTestEnv(t, nil, func(c *Config) { c.Draw = func() float64 { return draws } })
	client := function(t, s, "weighted", "one")
	var versions []string
	for _, content := range []string{"one", "two"} {
		if _, err := client.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("weighted"), ZipFile: zipOf(t, content)}); err != nil {
			t.Fatal(err)
		}
		published, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("weighted")})
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, *published.Version)
	}
	_, err := client.CreateAlias(t.Context(), &lambda.CreateAliasInput{
		FunctionName: aws.String("weighted"), Name: aws.String("live"), FunctionVersion: &versions[0],
	})
	if err != nil {
		t.Fatal(err)
	}
	led := func(drawn float64) string {
		draws = drawn
		f, err := s.gateway.Function(t.Context(), "weighted", "live")
		if err != nil {
			t.Fatal(err)
		}
		if want := "arn:aws:lambda:eu-west-1:000000000000:function:weighted:live"; f.ARN != want {
			t.Errorf("asked for as %s, want %s", f.ARN, want)
		}
		return f.Version
	}
	shift := func(weights map[string]float64) {
		_, err := client.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{
			FunctionName: aws.String("weighted"), Name: aws.String("live"),
			RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name    string
		weights map[string]float64
		want    map[float64]string
	}{
		{"without weights everything goes to the alias's version", nil, map[float64]string{0: versions[0], 0.99: versions[0]}},
		{"a tenth goes to the other one", map[string]float64{versions[1]: 0.1}, map[float64]string{0.09: versions[1], 0.1: versions[0]}},
		{"all of it does", map[string]float64{versions[1]: 1}, map[float64]string{0: versions[1], 0.999: versions[1]}},
		{"the weights are taken back", map[string]float64{}, map[float64]string{0: versions[0]}},
	} {
		t.Run(step.name, func(t *testing.T) {
			shift(step.weights)
			for drawn, want := range step.want {
				if got := led(drawn); got != want {
					t.Errorf("%v leads to version %s, want %s", drawn, got, want)
				}
			}
		})
	}
}

func TestWhatIsKeptWarmIsListedForEveryVersionAndAlias(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "warm", "one")
	published, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("warm")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: aws.String("warm"), Name: aws.String("live"), FunctionVersion: published.Version})
	if err != nil {
		t.Fatal(err)
	}
	for _, qualifier := range []string{*published.Version, "live"} {
		_, err := client.PutProvisionedConcurrencyConfig(t.Context(), &lambda.PutProvisionedConcurrencyConfigInput{
			FunctionName: aws.String("warm"), Qualifier: &qualifier, ProvisionedConcurrentExecutions: aws.Int32(2),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	listed, err := client.ListProvisionedConcurrencyConfigs(t.Context(), &lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("warm")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range listed.ProvisionedConcurrencyConfigs {
		got = append(got, *c.FunctionArn)
	}
	const arn = "arn:aws:lambda:eu-west-1:000000000000:function:warm:"
	if want := []string{arn + *published.Version, arn + "live"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// AWS deletes a version that no alias names, and refuses the others and the unpublished code.
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html, and what floci-io/floci#2824 measured
func TestAVersionThatAnAliasNamesIsNotDeleted(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "pruned", "one")
	name := aws.String("pruned")
	var versions []string
	for _, content := range []string{"one", "two", "three"} {
		if _, err := client.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: zipOf(t, content)}); err != nil {
			t.Fatal(err)
		}
		published, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: name})
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, *published.Version)
	}
	_, err := client.CreateAlias(t.Context(), &lambda.CreateAliasInput{
		FunctionName: name, Name: aws.String("live"), FunctionVersion: &versions[0],
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{versions[1]: 0.1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for qualifier, want := range map[string]string{
		versions[0]: "ResourceConflictException", versions[1]: "ResourceConflictException", versions[2]: "", "$LATEST": "InvalidParameterValueException",
	} {
		_, err := client.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: name, Qualifier: &qualifier})
		if err == nil && want != "" || err != nil && errorCode(err) != want {
			t.Errorf("version %s: %v, want %q", qualifier, err, want)
		}
	}
	left, err := client.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	if len(left.Versions) != 3 {
		t.Errorf("%d versions are left; want the unpublished code and two", len(left.Versions))
	}
}
