// Package oidc is the sandbox's identity provider: it signs the tokens of GitLab's pipeline jobs and verifies them.
package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// lifetime is the validity of a token: GitLab's default for a job, one hour.
const lifetime = time.Hour

// keyBits is the size of GitLab's signing key.
const keyBits = 2048

// Issuer signs tokens with a key that New generates.
type Issuer struct{ key *rsa.PrivateKey }

// Claims are the claims of a token: at least iss, aud and sub.
type Claims map[string]any

// New returns an issuer with a new key.
func New() (*Issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("generate the key of the identity provider: %w", err)
	}
	return &Issuer{key}, nil
}

// Sign returns a token that is valid for an hour from now, unless the claims set other times.
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

// Verify returns the claims of a token of this issuer. The error for an expired token is jwt.ErrTokenExpired.
func (i *Issuer) Verify(token string) (Claims, error) {
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return &i.key.PublicKey, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithExpirationRequired())
	if err != nil {
		return nil, fmt.Errorf("verify the token: %w", err)
	}
	return Claims(claims), nil
}
