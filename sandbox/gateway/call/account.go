// Package call is one corrected call of an AWS service: the request, the emulator's response that is changed, and
// what corrections of every service use. A service describes what it corrects as a Service.
package call

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// Account is the emulated account: what corrections of every service work with.
type Account struct {
	Region, AccountID string
	// Upstream is the emulator's own address, PublicURL the one under which clients reach the gateway.
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
	// Decide decides a call again that the emulator has refused.
	Decide func(x *Exchange) error
}

// wrote says that a write has gone through: what it changed must be looked up
// again, before the caller has the answer.
func (a *Account) wrote(r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		a.Lookups.Forget(SigningName(r))
	}
}

// OwnPrefix is where the gateway serves calls that are no AWS API.
const OwnPrefix = "/_sandbox/"
