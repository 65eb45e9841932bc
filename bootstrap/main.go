// Command bootstrap is the Pulumi program that comes first in an account: it makes the bucket in
// which every stack keeps its state, the key that encrypts the bucket and the secrets in the states,
// and the identity provider by which pipelines sign in. docs/bootstrap.md says how it is run and how its own state gets into that bucket.
package main

import (
	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// settings is everything that the program's stack file may say.
type settings struct {
	Tags     account.Tags   `json:"tags"`
	State    Config         `json:"state"`
	Pipeline PipelineConfig `json:"pipeline"`

	account account.Config
}

func main() {
	var values config.Values
	pulumi.Run(func(ctx *pulumi.Context) error { return provision(ctx, values) }, config.Capture(&values))
}

func provision(ctx *pulumi.Context, values config.Values) error {
	s := settings{Tags: account.DefaultTags(), State: Default(), Pipeline: DefaultPipeline()}
	err := config.Join(
		config.Decode(values, ctx.Project(), &s),
		config.Decode(values, "aws", &s.account),
	)
	if err != nil {
		return err
	}
	aws, err := account.NewProvider(ctx, "aws", s.account, s.Tags)
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
	ctx.Export("stateBucket", state.BucketName)
	ctx.Export("stateKey", state.KeyARN)
	ctx.Export("backendUrl", state.BackendURL)
	ctx.Export("secretsProvider", state.SecretsProvider)
	return nil
}
