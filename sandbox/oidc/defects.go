package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Defect is a defect of a token's signature, for which a verifier must reject the token (RFC 8725, 2.1 and 3.1).
type Defect string

// The defects. None is that of the issuer's own tokens.
const (
	None Defect = ""
	// Unsigned is the algorithm none.
	Unsigned Defect = "unsigned"
	// SharedSecret is HS256 with the issuer's public key as the secret.
	SharedSecret Defect = "shared-secret"
	// OtherKey is a key that is not the issuer's, under the ID of the issuer's newest.
	OtherKey Defect = "other-key"
	// UnknownKey is one under an ID that no key of the issuer has.
	UnknownKey Defect = "unknown-key"
)

// Forge returns a token with these claims and the defect.
func (i *Issuer) Forge(claims Claims, defect Defect) (string, error) {
	id, key := i.newest()
	switch defect {
	case None:
		return i.Sign(claims)
	case Unsigned:
		return sign(claims, jwt.SigningMethodNone, id, jwt.UnsafeAllowNoneSignatureType)
	case SharedSecret:
		encoded, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return "", fmt.Errorf("encode the public key: %w", err)
		}
		return sign(claims, jwt.SigningMethodHS256, id, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded}))
	case OtherKey, UnknownKey:
		other, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			return "", fmt.Errorf("generate a key that is not the issuer's: %w", err)
		}
		if defect == UnknownKey {
			id = "of-somebody-else"
		}
		return sign(claims, jwt.SigningMethodRS256, id, other)
	default:
		known := []string{string(Unsigned), string(SharedSecret), string(OtherKey), string(UnknownKey)}
		return "", fmt.Errorf("defect %q: must be one of %s", defect, strings.Join(known, ", "))
	}
}
