// Package oidc is the sandbox's identity provider: it signs the tokens of GitLab's pipeline jobs and of an API's callers,
// verifies them and serves its keys.
package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// lifetime is the validity of a token: GitLab's default for a job, one hour.
const lifetime = time.Hour

// keyBits is the size of GitLab's signing key.
const keyBits = 2048

// Issuer signs tokens with its newest key, and verifies those of all of its keys.
type Issuer struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey // the ID of a key is its index
}

// Claims are the claims of a token: at least iss, aud and sub.
type Claims map[string]any

// New returns an issuer with a new key.
func New() (*Issuer, error) {
	i := &Issuer{}
	return i, i.Rotate()
}

// Rotate generates a key, which signs from now on. Earlier keys remain valid.
func (i *Issuer) Rotate() error {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("generate the key of the identity provider: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, key)
	return nil
}

// Sign returns a token that is valid for an hour from now, unless the claims set other times.
func (i *Issuer) Sign(claims Claims) (string, error) {
	id, key := i.newest()
	return sign(claims, jwt.SigningMethodRS256, id, key)
}

// newest returns the key that signs, and its ID.
func (i *Issuer) newest() (id string, key *rsa.PrivateKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	newest := len(i.keys) - 1
	return strconv.Itoa(newest), i.keys[newest]
}

// sign returns a token whose header names the key.
func sign(claims Claims, method jwt.SigningMethod, id string, key any) (string, error) {
	now := time.Now()
	all := jwt.MapClaims{"iat": now.Unix(), "nbf": now.Add(-5 * time.Second).Unix(), "exp": now.Add(lifetime).Unix()}
	maps.Copy(all, claims)
	unsigned := jwt.NewWithClaims(method, all)
	unsigned.Header["kid"] = id
	token, err := unsigned.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return token, nil
}

// Verify returns the claims of a token of this issuer. The error for an expired token is jwt.ErrTokenExpired.
func (i *Issuer) Verify(token string) (Claims, error) {
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, i.keyOf,
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithExpirationRequired())
	if err != nil {
		return nil, fmt.Errorf("verify the token: %w", err)
	}
	return Claims(claims), nil
}

// keyOf is the public key that a token names.
func (i *Issuer) keyOf(token *jwt.Token) (any, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, _ := token.Header["kid"].(string)
	index, err := strconv.Atoi(id)
	if err != nil || index < 0 || index >= len(i.keys) {
		return nil, fmt.Errorf("no key has the ID %q", id)
	}
	return &i.keys[index].PublicKey, nil
}
