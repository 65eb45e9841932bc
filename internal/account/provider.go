// Package account looks up where a stack is deployed, and registers the one AWS provider of all its resources:
// the region, the credentials, and the tags on every resource.
package account

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewProvider registers the provider. Components get it with pulumi.Providers; none uses the default one, which
// has neither region nor tags. The owner is the value of the tag by which IAM policies identify the stack's
// resources; no stack file sets it.
func NewProvider(ctx *pulumi.Context, name string, c Config, t Tags, owner string) (*aws.Provider, error) {
	tags := pulumi.StringMap{stacktag.Key: pulumi.String(owner)}
	for _, tag := range t.list() {
		tags[tag.key] = pulumi.String(tag.value)
	}
	args := &aws.ProviderArgs{
		Region:      pulumi.String(c.Region),
		DefaultTags: aws.ProviderDefaultTagsArgs{Tags: tags},
	}
	if c.Profile != "" {
		args.Profile = pulumi.String(c.Profile)
	}
	if len(c.AllowedAccountIDs) > 0 {
		args.AllowedAccountIds = pulumi.ToStringArray(c.AllowedAccountIDs)
	}
	provider, err := aws.NewProvider(ctx, name, args)
	if err != nil {
		return nil, fmt.Errorf("register the AWS provider: %w", err)
	}
	return provider, nil
}
