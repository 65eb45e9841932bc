package gateway

import (
	"net/http"
	"time"
)

// noRedirect hands a redirect of the emulator to the caller, as it came.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// UpstreamKeyHeader is the header by which the emulator knows the gateway's calls (observe.py).
const UpstreamKeyHeader = "X-Sandbox-Emulator-Key"

// keyedTransport adds the emulator's key to every call, in the place of one that a client has sent.
type keyedTransport struct {
	http.RoundTripper
	key string
}

func (k keyedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // a RoundTripper must not change the request
	r.Header.Set(UpstreamKeyHeader, k.key)
	return k.RoundTripper.RoundTrip(r)
}

// newTransport keeps bodies as they are: with compression on, Go would ask for
// gzip by itself and unpack the answer. Every call has a connection of its own:
// the emulator closes idle ones when it likes, and a write that meets a closing
// connection cannot be sent again.
func newTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, DisableKeepAlives: true, ExpectContinueTimeout: time.Second}
}

// unreachableError says that the emulator did not answer at all.
type unreachableError struct{ cause error }

func (e *unreachableError) Error() string { return "the emulator did not answer: " + e.cause.Error() }

func (e *unreachableError) Unwrap() error { return e.cause }
