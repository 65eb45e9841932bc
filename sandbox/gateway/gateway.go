package gateway

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/oidc"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// Config is what a Gateway needs.
type Config struct {
	// Upstream is the emulator's own address, http://127.0.0.1:4567.
	Upstream *url.URL
	// UpstreamKey is what the emulator asks for in the header UpstreamKeyHeader;
	// empty: nothing.
	UpstreamKey string
	// PublicURL is the address under which clients reach the gateway; answers
	// that carry a URL (a function's code) use it.
	PublicURL *url.URL
	// AccessKeyID and SecretAccessKey are the emulated account's
	// administrator, as which the gateway's own side calls are signed.
	AccessKeyID, SecretAccessKey string
	Region                       string
	AccountID                    string // empty: 000000000000
	// Dir keeps the code of published function versions; made when missing.
	Dir string
	// Plane runs the real databases and caches behind the control plane.
	Plane dataplane.Plane
	// ProxyWarmUp is how long an RDS proxy has no capacity once its target is
	// registered.
	ProxyWarmUp time.Duration
	// Invoker runs functions. It may be set later with SetInvoker, since it
	// looks functions up in the gateway.
	Invoker lambdahost.Invoker
	// Limits are the account's; LimitsPath changes them.
	Limits Limits
	// Issuer is whose tokens AssumeRoleWithWebIdentity takes; nil: a new one's.
	Issuer *oidc.Issuer
	// Calls gets a JSON line for every call that the gateway allowed where the
	// emulator refused; nil: nobody does. A line is one Write.
	Calls io.Writer
	// Logger gets a line for every failure of the gateway itself; nil: slog's
	// default.
	Logger *slog.Logger
}

// Gateway is the sandbox's AWS endpoint. It is safe for concurrent use.
type Gateway struct {
	config Config
	log    *slog.Logger
	client *http.Client
	proxy  *httputil.ReverseProxy

	admin   *admin
	code    *codeStore
	lookups *lookups
	fields  *overlay
	limits  *limits
	invoker *invokerSlot
	draw    func() float64 // from 0 up to 1
	now     func() time.Time

	apis      *apis
	databases *databases
	caches    *caches
	refusals  refusals
	scaling   *scaling
	firewalls *firewalls
	subnets   sync.Mutex // held while a subnet is made
	dropped   droppedSubnets

	services map[string]*server // by name
	decide   func(x *exchange) error
	own      *http.ServeMux // /_sandbox/...
}

var (
	_ http.Handler      = (*Gateway)(nil)
	_ lambdahost.Source = (*Gateway)(nil)
	_ restapi.Store     = (*Gateway)(nil)
)

const defaultAccount = "000000000000"

// New checks the configuration and makes a gateway. It does not reach for the
// emulator: that may start later.
func New(c Config) (*Gateway, error) {
	if c.AccountID == "" {
		c.AccountID = defaultAccount
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Calls == nil {
		c.Calls = io.Discard
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if c.Issuer == nil {
		issuer, err := oidc.New()
		if err != nil {
			return nil, fmt.Errorf("gateway: %w", err)
		}
		c.Issuer = issuer
	}
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("gateway: make the code directory: %w", err)
	}
	g := &Gateway{
		config: c, log: c.Logger, client: &http.Client{Transport: keyedTransport{newTransport(), c.UpstreamKey}, CheckRedirect: noRedirect},
		code: &codeStore{dir: c.Dir}, lookups: newLookups(), fields: newOverlay(), limits: &limits{Limits: c.Limits},
		invoker: &invokerSlot{}, draw: rand.Float64, now: time.Now, scaling: newScaling(), firewalls: newFirewalls(), apis: newAPIs(), databases: newDatabases(), caches: newCaches(),
		dropped: droppedSubnets{of: map[string][]string{}},
	}
	g.invoker.set(c.Invoker)
	g.admin = newAdmin(c, g.client)
	g.proxy = g.newProxy()
	g.decide = (*exchange).reconsider
	g.services = map[string]*server{}
	g.limits.defaults = map[string]float64{}
	for _, s := range []service{
		g.acmCalls(),
		g.apigatewayCalls(),
		g.scalingCalls(),
		g.cloudwatchCalls(),
		g.ec2Calls(),
		g.elasticacheCalls(),
		g.iamCalls(),
		g.kmsCalls(),
		g.lambdaCalls(),
		g.logsCalls(),
		g.rdsCalls(),
		g.s3Calls(),
		g.secretsmanagerCalls(),
		g.quotaCalls(),
		g.snsCalls(),
		g.stsCalls(),
		g.wafCalls(),
	} {
		g.services[s.name] = newServer(g, s)
		maps.Copy(g.limits.defaults, s.quotas)
	}
	g.own = g.ownMux()
	return g, nil
}

// SetInvoker names what runs functions, for a host that is made after the
// gateway because it looks functions up in it.
func (g *Gateway) SetInvoker(i lambdahost.Invoker) { g.invoker.set(i) }

func (c Config) check() error {
	var problems []error
	for what, missing := range map[string]bool{
		"Upstream (the emulator's URL)":    c.Upstream == nil,
		"PublicURL (the gateway's own)":    c.PublicURL == nil,
		"AccessKeyID and SecretAccessKey":  c.AccessKeyID == "" || c.SecretAccessKey == "",
		"Region":                           c.Region == "",
		"Dir (for the functions' code)":    c.Dir == "",
		"Plane (the databases and caches)": c.Plane == nil,
	} {
		if missing {
			problems = append(problems, fmt.Errorf("config %s is missing", what))
		}
	}
	return errors.Join(problems...)
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refused := g.admit(r); refused != nil {
		writeFailure(w, refused.status, refused.code, refused.message)
		return
	}
	if strings.HasPrefix(r.URL.Path, ownPrefix) {
		g.own.ServeHTTP(w, r)
		return
	}
	service := signingName(r)
	if service == "" && r.Method != http.MethodOptions {
		service = "sts" // the one call that comes unsigned
	}
	if refused, ok := g.refusals.take(service, r); ok {
		_, _ = io.Copy(io.Discard, r.Body) // an SDK wants to finish sending
		letFinish(r)
		writeFailure(w, refused.Status, refused.Code, refused.Message)
		return
	}
	if endpoint, ok := g.services[service]; ok {
		endpoint.ServeHTTP(w, r)
		return
	}
	g.proxy.ServeHTTP(w, r)
}
