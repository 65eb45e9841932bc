package emulator

import (
	"net/http"
	"time"
)

// NoRedirect hands a redirect of the emulator to the caller, as it came.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// KeyHeader is the header by which the emulator knows the gateway's calls (observe.py).
const KeyHeader = "X-Sandbox-Emulator-Key"

// KeyedTransport adds the emulator's key to every call, in the place of one that a client has sent.
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

// NewTransport keeps bodies as they are: with compression on, Go would ask for
// gzip by itself and unpack the answer. Every call has a connection of its own:
// the emulator closes idle ones when it likes, and a write that meets a closing
// connection cannot be sent again.
func NewTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, DisableKeepAlives: true, ExpectContinueTimeout: time.Second}
}

// UnreachableError says that the emulator did not answer at all.
type UnreachableError struct{ Cause error }

func (e *UnreachableError) Error() string { return "the emulator did not answer: " + e.Cause.Error() }

func (e *UnreachableError) Unwrap() error { return e.Cause }
