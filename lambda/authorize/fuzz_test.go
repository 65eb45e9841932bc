package authorize

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// FuzzToken has no input that is accepted but what the issuer signed, and none that fails otherwise than by a refusal.
func FuzzToken(f *testing.F) {
	key := jose.JSONWebKey{KeyID: "first", Algorithm: "RS256"}
	for _, seed := range []string{
		"Bearer ", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic x", "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImZpcnN0In0.e30.e30",
		"Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImZpcnN0IiwiY3JpdCI6WyJ4Il19.e30.e30", "bearer  ....", "Bearer e30.e30.e30",
	} {
		f.Add(seed)
	}
	h := Handler{
		Verifier: &Verifier{
			Issuer: "https://issuer.example", Audience: audience, Algorithm: jose.RS256, Now: time.Now,
			Keys: fixedKey{key},
		},
		Operations: operations, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	f.Fuzz(func(t *testing.T, header string) {
		result, err := h.Handle(t.Context(), request(header))
		if !errors.Is(err, errUnauthorized) || !reflect.DeepEqual(result, Result{}) {
			t.Errorf("%q: %+v, %v", header, result, err)
		}
	})
}

// fixedKey is a key that verifies nothing.
type fixedKey struct{ key jose.JSONWebKey }

func (k fixedKey) Key(context.Context, string) (jose.JSONWebKey, error) { return k.key, nil }

// FuzzMethodARN returns the beginning of the ARN, or an error.
func FuzzMethodARN(f *testing.F) {
	f.Add(methodARN)
	f.Add("arn:aws:execute-api:/")
	f.Fuzz(func(t *testing.T, arn string) {
		stage, err := stageOf(arn)
		if err == nil && (!strings.HasPrefix(arn, stage+"/") || strings.Count(stage, "/") != 1) {
			t.Errorf("%q is in the stage %q", arn, stage)
		}
	})
}
