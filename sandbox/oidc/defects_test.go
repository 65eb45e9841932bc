package oidc

import (
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestAForgedTokenHasItsDefectAndNoOther(t *testing.T) {
	issuer, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		defect  Defect
		alg, id string
		valid   bool
	}{
		"none":                            {None, "RS256", "0", true},
		"without a signature":             {Unsigned, "none", "0", false},
		"with the public key as a secret": {SharedSecret, "HS256", "0", false},
		"of another key with the issuer's key ID": {OtherKey, "RS256", "0", false},
		"of another key with its own ID":          {UnknownKey, "RS256", "of-somebody-else", false},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := issuer.Forge(Claims{"sub": "somebody"}, c.defect)
			if err != nil {
				t.Fatal(err)
			}
			parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
			if err != nil {
				t.Fatal(err)
			}
			if subject, _ := parsed.Claims.GetSubject(); parsed.Header["alg"] != c.alg || parsed.Header["kid"] != c.id || subject != "somebody" {
				t.Errorf("the token is of %s, %v", subject, parsed.Header)
			}
			if _, err := issuer.Verify(token); (err == nil) != c.valid {
				t.Errorf("the issuer verifies it: %v", err)
			}
		})
	}
	if _, err := issuer.Forge(nil, "another"); err == nil {
		t.Error("an unknown defect is no error")
	}
}
