package account_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func tags() account.Tags {
	t := account.DefaultTags("shop")
	t.Environment = "test"
	return t
}

func provider(t *testing.T, c account.Config) map[string]any {
	t.Helper()
	r := mocks.Run(t, func(ctx *pulumi.Context) error {
		_, err := account.NewProvider(ctx, "aws", c, tags(), "shop/test")
		return err
	})
	return r.Find(t, "pulumi:providers:aws", "aws").Inputs
}

func TestTheProviderTagsEveryResource(t *testing.T) {
	got := provider(t, account.Config{Region: "eu-west-1"})
	want := map[string]any{"tags": map[string]any{
		"application": "shop", "creator": "pulumi", "environment": "test", "purpose": "serverless-api", "responsible": "platform",
		"serverless-api:stack": "shop/test",
	}}
	if !reflect.DeepEqual(got["defaultTags"], want) {
		t.Errorf("got the tags %v, want %v", got["defaultTags"], want)
	}
}

func TestTheProviderSetsOnlyWhatTheStackConfigures(t *testing.T) {
	for name, c := range map[string]struct {
		config account.Config
		want   []string
	}{
		"the region alone": {
			account.Config{Region: "eu-west-1"},
			[]string{"defaultTags", "region"},
		},
		"a profile and the accounts": {
			account.Config{Region: "eu-west-1", Profile: "staging", AllowedAccountIDs: []string{"012345678901"}},
			[]string{"allowedAccountIds", "defaultTags", "profile", "region"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := provider(t, c.config)
			// The SDK sets these for every provider, whatever the program sets.
			for _, always := range []string{"skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "version"} {
				delete(got, always)
			}
			if len(got) != len(c.want) {
				t.Errorf("the provider's inputs are %v, want only %v", got, c.want)
			}
			for _, key := range c.want {
				if _, ok := got[key]; !ok {
					t.Errorf("the provider has no input %s", key)
				}
			}
		})
	}
}

func TestValuesThatAWSRejectsAreReported(t *testing.T) {
	type program struct {
		Tags account.Tags `json:"tags"`
	}
	s, c := program{account.DefaultTags("shop")}, account.Config{}
	err := config.Join(
		config.Decode(config.Values{"p:tags": `{"purpose": "a<b", "creator": ""}`}, "p", &s),
		config.Decode(config.Values{"aws:allowedAccountIds": `["012345678901", "12"]`, "aws:endpoints": "[]"}, "aws", &c),
	)
	var list *config.Error
	if !errors.As(err, &list) {
		t.Fatalf("got %v, want a *config.Error", err)
	}
	var got []string
	for _, p := range list.Problems {
		got = append(got, p.String())
	}
	want := []string{
		`aws:allowedAccountIds is "12"; must be a list of account ids of twelve digits, in quotes, such as "012345678901"`,
		`aws:endpoints is an unknown key; must be one of allowedAccountIds, profile, region`,
		`aws:region is not set; must be a region such as "eu-west-1"`,
		`p:tags.creator is not set; must be 1 to 256 letters, digits, spaces and _ . : / = + - @`,
		`p:tags.environment is not set; must be 1 to 256 letters, digits, spaces and _ . : / = + - @`,
		`p:tags.purpose is "a<b"; must be 1 to 256 letters, digits, spaces and _ . : / = + - @`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
