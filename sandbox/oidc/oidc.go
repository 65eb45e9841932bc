// Package oidc is the identity provider of the sandbox: it signs the tokens that GitLab would give to
// a pipeline's jobs, and tells its own from others.
package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// lifetime is how long a token holds, GitLab's default for a job: one hour.
const lifetime = time.Hour

// keyBits is the size of GitLab's own signing key.
const keyBits = 2048

// Issuer signs tokens with a key of its own that lives as long as it does.
type Issuer struct{ key *rsa.PrivateKey }

// Claims are what a token says: iss, aud and sub at least.
type Claims map[string]any

// New makes an issuer.
func New() (*Issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("make the key of the identity provider: %w", err)
	}
	return &Issuer{key}, nil
}

// Sign makes a token that holds from now on for an hour, unless the claims say otherwise.
func (i *Issuer) Sign(claims Claims) (string, error) {
	now := time.Now()
	all := jwt.MapClaims{"iat": now.Unix(), "nbf": now.Add(-5 * time.Second).Unix(), "exp": now.Add(lifetime).Unix()}
	maps.Copy(all, claims)
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, all).SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return token, nil
}

// Verify returns what a token of ours says; the error of one whose time is over is
// jwt.ErrTokenExpired.
func (i *Issuer) Verify(token string) (Claims, error) {
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return &i.key.PublicKey, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithExpirationRequired())
	if err != nil {
		return nil, fmt.Errorf("verify the token: %w", err)
	}
	return Claims(claims), nil
}
