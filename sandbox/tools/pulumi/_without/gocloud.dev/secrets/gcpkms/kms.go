// Package gcpkms stands for gocloud.dev's, which the sandbox's Pulumi CLI is built without.
package gcpkms

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/secrets"
)

// Scheme is the URL scheme of Google Cloud KMS, which package authhelpers rejects.
const Scheme = "gcpkms"

// Client stands for the client of Google Cloud KMS.
type Client struct{}

// Dial is never called: package authhelpers returns no credentials.
func Dial(context.Context, any) (*Client, func(), error) { return nil, nil, errNotBuilt }

// URLOpener stands for the opener of keepers.
type URLOpener struct{ Client *Client }

// OpenKeeperURL returns an error.
func (*URLOpener) OpenKeeperURL(context.Context, *url.URL) (*secrets.Keeper, error) {
	return nil, errNotBuilt
}

var errNotBuilt = errors.New("the sandbox's Pulumi CLI is built without the secrets provider gcpkms://: use awskms:// or passphrase")
