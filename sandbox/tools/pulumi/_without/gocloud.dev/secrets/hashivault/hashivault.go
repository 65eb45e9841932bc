// Package hashivault stands for gocloud.dev's, which the sandbox's Pulumi CLI is built without.
package hashivault

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/secrets"
)

// Scheme is the URL scheme of HashiCorp Vault.
const Scheme = "hashivault"

func init() { secrets.DefaultURLMux().RegisterKeeper(Scheme, opener{}) }

type opener struct{}

func (opener) OpenKeeperURL(context.Context, *url.URL) (*secrets.Keeper, error) {
	return nil, errors.New("the sandbox's Pulumi CLI is built without the secrets provider hashivault://: use awskms:// or passphrase")
}
