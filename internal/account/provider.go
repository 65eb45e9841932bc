// Package account makes the one AWS provider that every resource of a stack is made with: its
// region, its way of signing in, and the tags that it puts on everything.
package account

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewProvider registers the provider. Rooms get it with pulumi.Providers; nothing uses the default
// one, which would know neither region nor tags.
func NewProvider(ctx *pulumi.Context, name string, c Config, t Tags) (*aws.Provider, error) {
	tags := pulumi.StringMap{}
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
