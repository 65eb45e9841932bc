package authorize

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Keys finds a public key of the issuer by its id.
type Keys interface {
	Key(ctx context.Context, id string) (jose.JSONWebKey, error)
}

// Verifier checks tokens of one issuer for one audience.
type Verifier struct {
	Issuer, Audience string
	// Algorithm is the only one that is accepted, whatever a token or a key says.
	Algorithm jose.SignatureAlgorithm
	// ClockSkew is how far exp, nbf and iat may be off.
	ClockSkew time.Duration
	Keys      Keys
	Now       func() time.Time
}

// Caller is who a valid token is about.
type Caller struct {
	// Subject is the claim sub.
	Subject string
	Scopes  []string
}

// longestToken is more than API Gateway's limit for all headers together, 10,240 bytes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const longestToken = 10_240

// claims are those that are checked in addition to the registered ones. RFC 8693, 4.2 has scope as a string of scopes;
// Microsoft's and Okta's issuers have scp, as a string or as a list.
type claims struct {
	Scope scopes `json:"scope"`
	SCP   scopes `json:"scp"`
}

// Verify returns the caller of a token, a *Refusal of one that is not accepted, or an error of the issuer.
func (v *Verifier) Verify(ctx context.Context, token string) (Caller, error) {
	if len(token) > longestToken {
		return Caller{}, refuse(Malformed, "the token is too long")
	}
	algorithm, keyID, err := header(token)
	if err != nil {
		return Caller{}, err
	}
	if algorithm != v.Algorithm {
		return Caller{}, refuse(WrongAlg, "the token is not signed with "+string(v.Algorithm))
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{v.Algorithm})
	if err != nil {
		return Caller{}, refuse(Malformed, "the token is not a signed JWT")
	}
	key, err := v.Keys.Key(ctx, keyID)
	if err != nil {
		return Caller{}, err
	}
	if key.Algorithm != "" && key.Algorithm != string(v.Algorithm) {
		return Caller{}, refuse(UnknownKey, "the issuer's key is for another algorithm")
	}
	var registered jwt.Claims
	var own claims
	if err := parsed.Claims(key.Key, &registered, &own); err != nil {
		if errors.Is(err, jose.ErrCryptoFailure) {
			return Caller{}, refuse(BadSignature, "the signature is not of the issuer's key")
		}
		return Caller{}, refuse(Malformed, "the key or the claims do not fit")
	}
	if err := v.check(registered); err != nil {
		return Caller{}, err
	}
	return Caller{Subject: registered.Subject, Scopes: append(own.Scope, own.SCP...)}, nil
}

// header reads the algorithm and the key's id, which decide whether the issuer is asked for its keys. All of it is
// unchecked text.
func header(token string) (jose.SignatureAlgorithm, string, error) {
	encoded, _, found := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if !found || err != nil {
		return "", "", refuse(Malformed, "the token has no header")
	}
	var parsed struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
	}
	if err := json.Unmarshal(text, &parsed); err != nil {
		return "", "", refuse(Malformed, "the token's header is not JSON")
	}
	if parsed.KeyID == "" && parsed.Algorithm != "none" {
		return "", "", refuse(Malformed, "the token's header names no key")
	}
	return jose.SignatureAlgorithm(parsed.Algorithm), parsed.KeyID, nil
}

// check checks the registered claims (RFC 7519, 4.1). Each time may be off by the clock skew.
func (v *Verifier) check(c jwt.Claims) error {
	if c.Expiry == nil {
		return refuse(NoExpiry, "the token never expires")
	}
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: v.Issuer, AnyAudience: jwt.Audience{v.Audience}, Time: v.Now()}, v.ClockSkew)
	for _, known := range []struct {
		is     error
		reason Reason
		detail string
	}{
		{jwt.ErrInvalidIssuer, WrongIssuer, "iss is not the configured issuer"},
		{jwt.ErrInvalidAudience, WrongAudience, "aud does not contain the configured audience"},
		{jwt.ErrExpired, Expired, "exp is in the past"},
		{jwt.ErrNotValidYet, NotYetValid, "nbf is in the future"},
		{jwt.ErrIssuedInTheFuture, FromTheFuture, "iat is in the future"},
	} {
		if errors.Is(err, known.is) {
			return refuse(known.reason, known.detail)
		}
	}
	if err != nil {
		return refuse(Malformed, "the claims do not hold")
	}
	if c.Subject == "" {
		return refuse(NoSubject, "sub is missing")
	}
	return nil
}

// scopes is a claim: a string of scopes with spaces between them, or a list.
type scopes []string

// UnmarshalJSON rejects every other type.
func (s *scopes) UnmarshalJSON(text []byte) error {
	var one string
	if err := json.Unmarshal(text, &one); err == nil {
		*s = strings.Fields(one)
		return nil
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("neither a string nor a list of strings: %w", err)
	}
	*s = list
	return nil
}
