package emulator

import (
	"net/http"
	"time"
)

// NoRedirect returns redirects to the caller instead of following them.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// KeyHeader is the header that authenticates the gateway to the emulator (authorize.py).
const KeyHeader = "X-Sandbox-Emulator-Key"

// KeyedTransport sets the emulator's key on every request and replaces one that a client has sent.
type KeyedTransport struct {
	http.RoundTripper
	Key string
}

// RoundTrip implements http.RoundTripper.
func (k KeyedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // a RoundTripper must not change the request
	r.Header.Set(KeyHeader, k.Key)
	return k.RoundTripper.RoundTrip(r)
}

// NewTransport creates a transport that does not change bodies: with compression
// enabled, Go would request gzip and decompress the response. Connections are
// not reused: the emulator closes idle ones at any time, and a write that fails
// on one cannot be retried.
func NewTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, DisableKeepAlives: true, ExpectContinueTimeout: time.Second}
}

// UnreachableError reports that the emulator did not respond.
type UnreachableError struct{ Cause error }

func (e *UnreachableError) Error() string { return "the emulator did not respond: " + e.Cause.Error() }

func (e *UnreachableError) Unwrap() error { return e.Cause }
