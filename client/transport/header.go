package transport

import (
	"context"
	"net/http"

	"github.com/cenkalti/backoff/v5"
)

// TokenSource returns a bearer token.
type TokenSource func(context.Context) (string, error)

// headerTransport sets one header of the requests to host.
type headerTransport struct {
	host, name string
	value      func(context.Context) (string, error)
	base       http.RoundTripper
}

func (s *settings) setHeader(name string, value func(context.Context) (string, error)) {
	s.auth = append(s.auth, func(host string, base http.RoundTripper) http.RoundTripper {
		return &headerTransport{host: host, name: name, value: value, base: base}
	})
}

// RoundTrip implements http.RoundTripper.
func (t *headerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != t.host {
		return t.base.RoundTrip(r)
	}
	value, err := t.value(r.Context())
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // as RoundTrip must
		}
		return nil, backoff.Permanent(err)
	}
	copied := r.Clone(r.Context())
	copied.Header.Set(t.name, value)
	return t.base.RoundTrip(copied)
}
