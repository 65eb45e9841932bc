// Package component has what the packages of the component api create every resource with: its name and parent, where
// the stack is deployed, and the log groups' retention and key.
package component

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Name identifies the component in every physical name: <project>-<stack>-api-...
const Name = "api"

// Builder is what every resource of the component is created with.
type Builder struct {
	// Name is the component's logical name, with which every resource's begins.
	Name    string
	Project string
	// Parent makes a resource a child of the component.
	Parent pulumi.ResourceOption
	// KeyARN is the key of logs, topics and the functions' environments.
	KeyARN           pulumi.StringPtrInput
	LogRetentionDays int

	account.Location
}

// NewBuilder looks up where the stack is deployed.
func NewBuilder(ctx *pulumi.Context, name string, parent pulumi.Resource, keyARN pulumi.StringPtrInput, logRetentionDays int) (Builder, error) {
	location, err := account.Locate(ctx, parent)
	if err != nil {
		return Builder{}, fmt.Errorf("api: %w", err)
	}
	return Builder{
		Name: name, Project: ctx.Project(), Parent: pulumi.Parent(parent),
		KeyARN: keyARN, LogRetentionDays: logRetentionDays, Location: location,
	}, nil
}
