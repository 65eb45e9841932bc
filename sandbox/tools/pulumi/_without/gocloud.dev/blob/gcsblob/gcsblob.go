// Package gcsblob stands for gocloud.dev's, which the sandbox's Pulumi CLI is built without.
package gcsblob

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/blob"
)

// Scheme is the URL scheme of Google Cloud Storage.
const Scheme = "gs"

// The registration makes gs:// a state backend for the CLI, which package authhelpers then rejects.
func init() { blob.DefaultURLMux().RegisterBucket(Scheme, opener{}) }

type opener struct{}

func (opener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, errors.New("the sandbox's Pulumi CLI is built without the state backend gs://: use s3:// or file://")
}
