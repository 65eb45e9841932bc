package daemon

import "crypto/rand"

// credentials are an access key of the emulated account.
type credentials struct{ id, secret string }

// newCredentials generates an access key in AWS's format.
func newCredentials() credentials {
	return credentials{id: "AKIA" + rand.Text()[:16], secret: rand.Text() + rand.Text()[:14]}
}
