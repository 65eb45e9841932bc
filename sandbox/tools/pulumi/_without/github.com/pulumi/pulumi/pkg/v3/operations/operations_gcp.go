package operations

import (
	"context"
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// GCPOperationsProvider returns an error: the sandbox's Pulumi CLI is built without Google Cloud.
func GCPOperationsProvider(context.Context, map[config.Key]string, *Resource) (Provider, error) {
	return nil, errors.New("the sandbox's Pulumi CLI is built without pulumi logs for Google Cloud")
}
