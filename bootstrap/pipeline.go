package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PipelineToken is the type of the component of the pipeline.
func PipelineToken(project string) string { return token(project, "Pipeline") }

// PipelineConfig configures the pipelines of the account's stacks.
type PipelineConfig struct {
	// GitLabURL is the GitLab instance whose tokens the account accepts; empty, the default: none, or the
	// account already has the provider.
	GitLabURL string `json:"gitlabUrl"`
}

// DefaultPipeline trusts no instance.
func DefaultPipeline() PipelineConfig { return PipelineConfig{} }

// Validate lists the values that IAM would reject.
func (c PipelineConfig) Validate() []config.FieldError {
	u, err := url.Parse(c.GitLabURL)
	if c.GitLabURL == "" || err == nil && u.Scheme == "https" && u.Host != "" && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" {
		return nil
	}
	return []config.FieldError{{
		Key: "gitlabUrl", Value: config.Quote(c.GitLabURL),
		MustBe: "an https URL without a path, such as https://gitlab.com, or empty for no provider",
	}}
}

// Pipeline is what the pipelines of all stacks of the account have in common.
type Pipeline struct {
	pulumi.ResourceState
}

// NewPipeline registers GitLab's identity provider. An account has one for a GitLab instance, so no
// stack can own it: it would be deleted with that stack, and no other pipeline could authenticate. Each stack
// has its own roles and decides whose tokens assume them.
func NewPipeline(ctx *pulumi.Context, name string, c PipelineConfig, opts ...pulumi.ResourceOption) error {
	if err := config.Check("pipeline", c); err != nil {
		return err
	}
	p := &Pipeline{}
	if err := ctx.RegisterComponentResource(PipelineToken(ctx.Project()), name, p, opts...); err != nil {
		return fmt.Errorf("register the pipeline: %w", err)
	}
	if c.GitLabURL != "" {
		// A token's issuer, and in this project its audience too, are the URL without a slash at the end.
		address := pulumi.String(strings.TrimSuffix(c.GitLabURL, "/"))
		_, err := iam.NewOpenIdConnectProvider(ctx, name+"-gitlab", &iam.OpenIdConnectProviderArgs{
			Url: address, ClientIdLists: pulumi.StringArray{address},
		}, pulumi.Parent(p))
		if err != nil {
			return fmt.Errorf("register the identity provider of %s: %w", c.GitLabURL, err)
		}
	}
	return ctx.RegisterResourceOutputs(p, pulumi.Map{})
}
