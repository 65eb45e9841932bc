// Package azureblob stands for gocloud.dev's, which the sandbox's Pulumi CLI is built without.
package azureblob

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/blob"
)

// Scheme is the URL scheme of Azure Blob Storage.
const Scheme = "azblob"

func init() { blob.DefaultURLMux().RegisterBucket(Scheme, opener{}) }

type opener struct{}

func (opener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, errors.New("the sandbox's Pulumi CLI is built without the state backend azblob://: use s3:// or file://")
}
