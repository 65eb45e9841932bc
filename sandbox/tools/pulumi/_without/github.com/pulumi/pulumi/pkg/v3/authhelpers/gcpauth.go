// Package authhelpers stands for Pulumi's, which logs in to Google Cloud: the sandbox's Pulumi CLI is built without
// its state backend and its key service.
package authhelpers

import (
	"context"
	"errors"

	"gocloud.dev/blob"
)

// Credentials stand for Google's.
type Credentials struct{ TokenSource any }

// ResolveGoogleCredentials returns an error that names the secrets provider, the only caller.
func ResolveGoogleCredentials(context.Context, string) (*Credentials, error) {
	return nil, errors.New("the sandbox's Pulumi CLI is built without the secrets provider gcpkms://: use awskms:// or passphrase")
}

// GoogleCredentialsMux returns an error that names the state backend, the only caller.
func GoogleCredentialsMux(context.Context) (*blob.URLMux, error) {
	return nil, errors.New("the sandbox's Pulumi CLI is built without the state backend gs://: use s3:// or file://")
}
