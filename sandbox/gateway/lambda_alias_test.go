package gateway

import (
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestAnAliasRoutesByItsWeights(t *testing.T) {
	var draw float64
	s := newTestEnv(t, nil, func(c *Config) { c.Draw = func() float64 { return draw } })
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
	versionFor := func(value float64) string {
		draw = value
		f, err := s.gateway.Function(t.Context(), "weighted", "live")
		if err != nil {
			t.Fatal(err)
		}
		if want := "arn:aws:lambda:eu-west-1:000000000000:function:weighted:live"; f.ARN != want {
			t.Errorf("the ARN is %s, want %s", f.ARN, want)
		}
		return f.Version
	}
	setWeights := func(weights map[string]float64) {
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
		{"without weights the alias's version is used", nil, map[float64]string{0: versions[0], 0.99: versions[0]}},
		{"10 % goes to another version", map[string]float64{versions[1]: 0.1}, map[float64]string{0.09: versions[1], 0.1: versions[0]}},
		{"all of it goes to another version", map[string]float64{versions[1]: 1}, map[float64]string{0: versions[1], 0.999: versions[1]}},
		{"the weights are removed", map[string]float64{}, map[float64]string{0: versions[0]}},
	} {
		t.Run(step.name, func(t *testing.T) {
			setWeights(step.weights)
			for value, want := range step.want {
				if got := versionFor(value); got != want {
					t.Errorf("draw %v: version %s, want %s", value, got, want)
				}
			}
		})
	}
}

// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
func TestAnAliasHasVersionsThatExist(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "aliased", "one")
	name, live, missing := aws.String("aliased"), aws.String("live"), aws.String("99")
	published, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	weights := &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{*missing: 0.1}}
	calls := map[string]func() error{
		"a new alias": func() error {
			_, err := client.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: name, Name: live, FunctionVersion: missing})
			return err
		},
		"an alias that moves": func() error {
			_, err := client.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: name, Name: live, FunctionVersion: missing})
			return err
		},
		"a weight": func() error {
			_, err := client.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: name, Name: live, RoutingConfig: weights})
			return err
		},
	}
	for _, step := range []string{"a new alias", "an alias that moves", "a weight"} {
		gone := new(types.ResourceNotFoundException)
		if err := calls[step](); !errors.As(err, &gone) || aws.ToString(gone.Message) != "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:aliased:99" {
			t.Errorf("%s: %v", step, err)
		}
		if step != "a new alias" {
			continue
		}
		if _, err := client.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: name, Name: live, FunctionVersion: published.Version}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: name, Name: live, FunctionVersion: aws.String("$LATEST")}); err != nil {
		t.Errorf("$LATEST: %v", err)
	}
}

func TestProvisionedConcurrencyIsListedForVersionsAndAliases(t *testing.T) {
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

// AWS rejects the deletion of a version that an alias has, and of $LATEST.
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html, and what floci-io/floci#2824 measured
func TestAVersionOfAnAliasIsNotDeleted(t *testing.T) {
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
	remaining, err := client.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	if len(remaining.Versions) != 3 {
		t.Errorf("%d versions remain, want $LATEST and two", len(remaining.Versions))
	}
}
