package authorize

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestARotationFailsNoRequest(t *testing.T) {
	i := newIssuer(t)
	h := i.handler()
	check := func(id string) {
		t.Helper()
		if _, err := h.Handle(t.Context(), request("Bearer "+sign(t, jose.RS256, id, i.keys[id], i.claimsWith(nil)))); err != nil {
			t.Errorf("a token of the key %s: %v", id, err)
		}
	}
	check("first")
	i.keys["second"] = newKey(t) // both are valid for a while, or
	check("second")
	check("first")
	i.now = i.now.Add(time.Minute)
	delete(i.keys, "first") // the old one is withdrawn at once
	i.keys["third"] = newKey(t)
	check("third")
	if i.requests != 3 {
		t.Errorf("the issuer was asked %d times for its keys, want once and once for each new key", i.requests)
	}
}

func TestMadeUpKeysDoNotMakeTheFunctionAskTheIssuerEachTime(t *testing.T) {
	i := newIssuer(t)
	h, forged := i.handler(), newKey(t)
	begin := i.now
	for n := range 100 {
		token := sign(t, jose.RS256, fmt.Sprint("made-up-", n), forged, i.claimsWith(nil))
		if _, err := h.Handle(t.Context(), request("Bearer "+token)); err == nil || err.Error() != "Unauthorized" {
			t.Fatalf("got %v", err)
		}
		i.now = i.now.Add(time.Second)
	}
	if most := 1 + int(i.now.Sub(begin)/betweenFetches) + 1; i.requests > most {
		t.Errorf("the issuer was asked %d times in %s, want at most %d", i.requests, i.now.Sub(begin), most)
	}
	if _, err := h.Handle(t.Context(), request("Bearer "+i.token(t, nil))); err != nil {
		t.Errorf("a valid token meanwhile: %v", err)
	}
}

func TestKeysAreFetchedAgainWhenTheyAreOld(t *testing.T) {
	i := newIssuer(t)
	h := i.handler()
	check := func() error {
		_, err := h.Handle(t.Context(), request("Bearer "+sign(t, jose.RS256, "first", i.keys["first"], i.claimsWith(nil))))
		return err
	}
	for _, tt := range []struct {
		name     string
		after    time.Duration
		down     bool
		requests int
		fails    bool
	}{
		{"the first token fetches them", 0, false, 1, false},
		{"while they are fresh they are not", freshFor - time.Second, false, 1, false},
		{"then they are", time.Second, false, 2, false},
		{"old ones are used while the issuer does not respond", freshFor, true, 2, false},
		{"and up to six hours", usableFor - freshFor - time.Second, true, 2, false},
		{"then no token is accepted", time.Second, true, 2, true},
		{"until it responds", time.Hour, false, 3, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i.now, i.down = i.now.Add(tt.after), tt.down
			err := check()
			var unavailable *UnavailableError
			if tt.fails != errors.As(err, &unavailable) || !tt.fails && err != nil {
				t.Errorf("got %v, want an error: %v", err, tt.fails)
			}
			if i.requests != tt.requests {
				t.Errorf("asked for keys %d times, want %d", i.requests, tt.requests)
			}
		})
	}
}

// Each attempt has a request of a client wait.
func TestAnIssuerThatDoesNotRespondIsNotAskedForEachToken(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys bool
		most int
	}{
		{"with keys", true, 4},
		{"without keys", false, 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIssuer(t)
			h := i.handler()
			if tt.keys {
				if _, err := h.Handle(t.Context(), request("Bearer "+i.token(t, nil))); err != nil {
					t.Fatal(err)
				}
			}
			i.now, i.down = i.now.Add(freshFor), true
			asked := 0
			h.Verifier.Keys.(*RemoteKeys).Client.Transport = counting{h.Verifier.Keys.(*RemoteKeys).Client.Transport, &asked}
			for range 1000 { // 100 seconds
				_, err := h.Handle(t.Context(), request("Bearer "+i.token(t, nil)))
				if (err == nil) != tt.keys {
					t.Fatalf("got %v", err)
				}
				i.now = i.now.Add(100 * time.Millisecond)
			}
			if asked > tt.most {
				t.Errorf("the issuer was asked %d times in 100 seconds, want at most %d", asked, tt.most)
			}
		})
	}
}

// A withdrawn key is refused once keys have been fetched again.
func TestAWithdrawnKeyIsRefused(t *testing.T) {
	i := newIssuer(t)
	h, first := i.handler(), i.keys["first"]
	if _, err := h.Handle(t.Context(), request("Bearer "+i.token(t, nil))); err != nil {
		t.Fatal(err)
	}
	delete(i.keys, "first")
	i.keys["second"] = newKey(t)
	i.now = i.now.Add(freshFor)
	if _, err := h.Handle(t.Context(), request("Bearer "+sign(t, jose.RS256, "first", first, i.claimsWith(nil)))); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("got %v", err)
	}
}
