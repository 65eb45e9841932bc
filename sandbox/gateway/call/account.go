// Package call corrects single calls of AWS services: the request, the emulator's response and the functions that
// the corrections of every service share. A Service lists the calls that the gateway corrects.
package call

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// Account is the emulated account, which the corrections of all services share.
type Account struct {
	Region, AccountID string
	// Upstream is the emulator's address, PublicURL the gateway's address for clients.
	Upstream, PublicURL *url.URL
	Client              *http.Client
	Proxy               *httputil.ReverseProxy
	Log                 *slog.Logger
	Now                 func() time.Time

	Emulator *emulator.Client
	Lookups  *emulator.Lookups
	Fields   *emulator.Overlay
	Limits   *AccountLimits
	Invoker  *Invoker
	// Decide evaluates the permissions again when the emulator has denied access (package decide).
	Decide func(x *Exchange) error
}

// invalidateLookups drops the cached lookups of the service that a write has changed, before the caller gets the
// response.
func (a *Account) invalidateLookups(r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		a.Lookups.Invalidate(SigningName(r))
	}
}

// SandboxPrefix begins the paths that the gateway serves itself and that belong to no AWS API.
const SandboxPrefix = "/_sandbox/"
