// Command bootstrap is the first Pulumi program to run in an account: it creates the bucket in
// which every stack keeps its state, the key that encrypts the bucket and the secrets in the states,
// the identity provider by which pipelines authenticate and the role that API Gateway writes logs with.
// docs/how-to/bootstrap-an-account.md describes how to run it and how to move its own state into that bucket.
package main

import (
	"slices"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/stacktag"
	awssdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// settings is everything that the program's stack file may set.
type settings struct {
	Tags     account.Tags   `json:"tags"`
	State    Config         `json:"state"`
	Pipeline PipelineConfig `json:"pipeline"`
	Gateway  GatewayConfig  `json:"apiGateway"`

	account account.Config
}

func main() {
	var values config.Values
	pulumi.Run(func(ctx *pulumi.Context) error { return provision(ctx, values) }, config.Capture(&values))
}

func provision(ctx *pulumi.Context, values config.Values) error {
	s := settings{Tags: account.DefaultTags(stacksProject(ctx.Project())), State: Default(), Pipeline: DefaultPipeline(), Gateway: DefaultGateway()}
	err := config.Join(
		config.Decode(values, ctx.Project(), &s),
		config.Decode(values, "aws", &s.account),
		s.ownRegion(ctx.Project()),
	)
	if err != nil {
		return err
	}
	aws, err := account.NewProvider(ctx, "aws", s.account, s.Tags, stacktag.Bootstrap)
	if err != nil {
		return err
	}
	further, err := s.furtherProviders(ctx)
	if err != nil {
		return err
	}
	state, err := New(ctx, ctx.Project()+"-state", Args{Config: s.State, Region: s.account.Region}, pulumi.Providers(aws))
	if err != nil {
		return err
	}
	if err := NewPipeline(ctx, ctx.Project()+"-pipeline", s.Pipeline, pulumi.Providers(aws)); err != nil {
		return err
	}
	if err := NewGateway(ctx, ctx.Project()+"-gateway", s.Gateway, further, pulumi.Providers(aws)); err != nil {
		return err
	}
	ctx.Export("stateBucket", state.BucketName)
	ctx.Export("stateKey", state.KeyARN)
	ctx.Export("backendUrl", state.BackendURL)
	ctx.Export("secretsProvider", state.SecretsProvider)
	return nil
}

// ownRegion rejects bootstrap's own region among the further ones: API Gateway has one setting in a region.
func (s *settings) ownRegion(project string) error {
	if !slices.Contains(s.Gateway.Regions, s.account.Region) {
		return nil
	}
	return &config.Error{Problems: []config.FieldError{{
		Key: project + ":apiGateway.regions", Value: config.Quote(s.account.Region), MustBe: "a list of regions other than bootstrap's own",
	}}}
}

// furtherProviders are those of the regions in which API Gateway is set up in addition to bootstrap's own.
func (s *settings) furtherProviders(ctx *pulumi.Context) (map[string]*awssdk.Provider, error) {
	providers := map[string]*awssdk.Provider{}
	if !s.Gateway.LogRole {
		return providers, nil
	}
	for _, region := range s.Gateway.Regions {
		there := s.account
		there.Region = region
		provider, err := account.NewProvider(ctx, "aws-"+region, there, s.Tags, stacktag.Bootstrap)
		if err != nil {
			return nil, err
		}
		providers[region] = provider
	}
	return providers, nil
}
