package authorize

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// How long keys are used, and how often the issuer is asked. Each execution environment of the function has its own.
const (
	// freshFor is the age at which keys are fetched again: so long the issuer may wait between publishing a key and
	// signing with it without that a token asks for it, and a withdrawn key is accepted.
	freshFor = 15 * time.Minute
	// usableFor is how long keys are used while the issuer does not respond.
	usableFor = 6 * time.Hour
	// betweenFetches is the least time between two requests for keys that tokens name and the issuer has not got, so
	// that made-up names cannot have the function send the issuer a request for each. The first unknown name is
	// always looked up, so a rotation fails no request.
	betweenFetches = 10 * time.Second
	// afterFailure is the least time between two attempts while the issuer does not respond, which make a request wait:
	// afterRefresh while there are keys to use, afterFailure while there are none.
	afterFailure = 2 * time.Second
	afterRefresh = 30 * time.Second
	// fetchTimeout bounds both requests together, within the function's time-out.
	fetchTimeout = 5 * time.Second
	// largestDocument bounds what is read of the issuer's configuration and keys.
	largestDocument = 1 << 20
)

// RemoteKeys are the issuer's keys, found by OpenID Connect Discovery 1.0.
type RemoteKeys struct {
	Issuer string
	Client *http.Client
	Now    func() time.Time

	mutex   sync.Mutex
	keys    map[string]jose.JSONWebKey
	fetched time.Time // when keys were fetched
	asked   time.Time // when a fetch for an unknown key began
	failed  time.Time // when the last fetch failed
	err     error     // of the last fetch
}

// UnavailableError is the error of an issuer whose keys cannot be fetched: the token may be valid.
type UnavailableError struct{ Err error }

func (e *UnavailableError) Error() string {
	return "the issuer's keys cannot be fetched: " + e.Err.Error()
}

// Unwrap returns what the fetch failed with.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Key returns the key of that id. It fetches the keys when there are none, when they are old, and when the id is
// unknown.
func (r *RemoteKeys) Key(ctx context.Context, id string) (jose.JSONWebKey, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	now, fetched := r.Now(), false
	if now.Sub(r.fetched) >= freshFor {
		fetched = r.fetch(ctx, now)
	}
	if now.Sub(r.fetched) >= usableFor {
		return jose.JSONWebKey{}, &UnavailableError{r.err}
	}
	if key, ok := r.keys[id]; ok {
		return key, nil
	}
	if !fetched && now.Sub(r.asked) >= betweenFetches {
		r.asked = now
		if !r.fetch(ctx, now) {
			return jose.JSONWebKey{}, &UnavailableError{r.err}
		}
		if key, ok := r.keys[id]; ok {
			return key, nil
		}
	}
	return jose.JSONWebKey{}, refuse(UnknownKey, "the issuer has no key of the token's kid")
}

// fetch replaces the keys and reports whether it did. Keys stay when it fails, and for a while it is not tried again.
func (r *RemoteKeys) fetch(ctx context.Context, now time.Time) bool {
	wait := afterFailure
	if r.keys != nil {
		wait = afterRefresh
	}
	if r.err != nil && now.Sub(r.failed) < wait {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	keys, err := r.load(ctx)
	if r.err = err; err != nil {
		r.failed = now
		return false
	}
	r.keys, r.fetched = keys, now
	return true
}

// load fetches the issuer's configuration and the keys that it names.
func (r *RemoteKeys) load(ctx context.Context) (map[string]jose.JSONWebKey, error) {
	var configuration struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	// OpenID Connect Discovery 1.0, 4.1: a slash at the end of the issuer is removed first.
	if err := r.get(ctx, strings.TrimSuffix(r.Issuer, "/")+"/.well-known/openid-configuration", &configuration); err != nil {
		return nil, err
	}
	// 4.3: it must be the issuer that the tokens have.
	if configuration.Issuer != r.Issuer {
		return nil, errors.New("its configuration is that of another issuer")
	}
	if !strings.HasPrefix(configuration.JWKSURI, "https://") {
		return nil, errors.New("its jwks_uri is not an https URL")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := r.get(ctx, configuration.JWKSURI, &set); err != nil {
		return nil, err
	}
	keys := map[string]jose.JSONWebKey{}
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		// RFC 7517, 5: keys of unknown types are ignored. So are symmetric ones, and those that do not verify.
		if key.UnmarshalJSON(text) != nil || key.KeyID == "" || !key.IsPublic() || !key.Valid() || key.Use != "" && key.Use != "sig" {
			continue
		}
		keys[key.KeyID] = key
	}
	if len(keys) == 0 {
		return nil, errors.New("it publishes no key that verifies signatures")
	}
	return keys, nil
}

func (r *RemoteKeys) get(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := r.Client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s returns %s", url, response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, largestDocument))
	if err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}

// Client returns a client for the issuer: it follows no redirect, which could lead to an address without TLS.
func Client() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
