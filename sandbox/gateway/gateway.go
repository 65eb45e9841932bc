package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/acm"
	"github.com/didomi/serverless-api/sandbox/gateway/admit"
	"github.com/didomi/serverless-api/sandbox/gateway/apigateway"
	"github.com/didomi/serverless-api/sandbox/gateway/appautoscaling"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/cloudwatch"
	"github.com/didomi/serverless-api/sandbox/gateway/decide"
	"github.com/didomi/serverless-api/sandbox/gateway/ec2"
	"github.com/didomi/serverless-api/sandbox/gateway/elasticache"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/iam"
	"github.com/didomi/serverless-api/sandbox/gateway/kms"
	"github.com/didomi/serverless-api/sandbox/gateway/lambda"
	"github.com/didomi/serverless-api/sandbox/gateway/logs"
	"github.com/didomi/serverless-api/sandbox/gateway/rds"
	"github.com/didomi/serverless-api/sandbox/gateway/s3"
	"github.com/didomi/serverless-api/sandbox/gateway/secretsmanager"
	"github.com/didomi/serverless-api/sandbox/gateway/servicequotas"
	"github.com/didomi/serverless-api/sandbox/gateway/sns"
	"github.com/didomi/serverless-api/sandbox/gateway/sts"
	"github.com/didomi/serverless-api/sandbox/gateway/wafv2"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// Config is what a Gateway needs.
type Config struct {
	// Upstream is the emulator's own address, http://127.0.0.1:4567.
	Upstream *url.URL
	// UpstreamKey is what the emulator asks for in the header emulator.KeyHeader;
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
	Limits call.Limits
	// Issuer is whose tokens AssumeRoleWithWebIdentity takes; nil: a new one's.
	Issuer *oidc.Issuer
	// Calls gets a JSON line for every call that the gateway allowed where the
	// emulator refused; nil: nobody does. A line is one Write.
	Calls io.Writer
	// Draw is a number from 0 up to 1 for each invocation of an alias with weights; nil: a random one.
	Draw func() float64
	// Logger gets a line for every failure of the gateway itself; nil: slog's
	// default.
	Logger *slog.Logger
}

// Gateway is the sandbox's AWS endpoint. It is safe for concurrent use.
type Gateway struct {
	config         Config
	account        *call.Account
	services       map[string]*call.Server // by name
	guard          *admit.Guard
	apis           *apigateway.Service
	functions      *lambda.Service
	injectedErrors injectedErrors
	own            *http.ServeMux // /_sandbox/...
}

const defaultAccount = "000000000000"

// New checks the configuration and makes a gateway. It does not reach for the
// emulator: that may start later.
func New(c Config) (*Gateway, error) {
	c = c.withDefaults()
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
	g := &Gateway{config: c, account: newAccount(c), services: map[string]*call.Server{}}
	g.apis, g.functions = apigateway.New(g.account), lambda.New(g.account, c.Dir, c.Draw)
	g.serve(
		acm.New(g.account),
		g.apis.Calls(),
		appautoscaling.New(g.account),
		cloudwatch.New(g.account),
		ec2.New(g.account),
		elasticache.New(g.account, c.Plane),
		iam.New(g.account),
		kms.New(g.account),
		g.functions.Calls(),
		logs.New(g.account),
		rds.New(g.account, c.Plane, c.ProxyWarmUp),
		s3.New(g.account),
		secretsmanager.New(g.account),
		servicequotas.New(g.account),
		sns.New(g.account),
		sts.New(g.account, c.Issuer),
		wafv2.New(g.account),
	)
	g.account.Decide = decide.New(g.services, c.Calls)
	g.guard = admit.New(g.account, g.services)
	g.own = g.sandboxMux()
	return g, nil
}

// serve adds services to those that the gateway corrects.
func (g *Gateway) serve(services ...call.Service) {
	for _, s := range services {
		g.services[s.Name] = call.NewServer(g.account, s)
		maps.Copy(g.account.Limits.Defaults, s.Quotas)
	}
}

// newAccount is the emulated account of a configuration.
func newAccount(c Config) *call.Account {
	a := &call.Account{
		Region: c.Region, AccountID: c.AccountID, Upstream: c.Upstream, PublicURL: c.PublicURL, Log: c.Logger, Now: time.Now,
		Client: &http.Client{
			Transport:     emulator.KeyedTransport{RoundTripper: emulator.NewTransport(), Key: c.UpstreamKey},
			CheckRedirect: emulator.NoRedirect,
		},
		Lookups: emulator.NewLookups(), Fields: emulator.NewOverlay(), Invoker: &call.Invoker{},
		Limits: &call.AccountLimits{Limits: c.Limits, Defaults: map[string]float64{}},
	}
	a.Invoker.Set(c.Invoker)
	a.Emulator = emulator.New(c.Upstream, c.Region, aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, a.Client)
	a.Proxy = a.NewProxy()
	return a
}

// SetInvoker names what runs functions, for a host that is made after the
// gateway because it looks functions up in it.
func (g *Gateway) SetInvoker(i lambdahost.Invoker) { g.account.Invoker.Set(i) }

func (c Config) withDefaults() Config {
	c.AccountID = cmp.Or(c.AccountID, defaultAccount)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Calls == nil {
		c.Calls = io.Discard
	}
	if c.Draw == nil {
		c.Draw = rand.Float64
	}
	return c
}

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
	if refused := g.guard.Check(r); refused != nil {
		call.WriteError(w, refused.Status, refused.Code, refused.Message)
		return
	}
	if strings.HasPrefix(r.URL.Path, call.SandboxPrefix) {
		g.own.ServeHTTP(w, r)
		return
	}
	service := call.SigningName(r)
	if service == "" && r.Method != http.MethodOptions {
		service = "sts" // the one call that comes unsigned
	}
	if refused, ok := g.injectedErrors.take(service, r); ok {
		_, _ = io.Copy(io.Discard, r.Body) // an SDK wants to finish sending
		call.WaitForSender(r)
		call.WriteError(w, refused.Status, refused.Code, refused.Message)
		return
	}
	if served, ok := g.services[service]; ok {
		served.ServeHTTP(w, r)
		return
	}
	g.account.Proxy.ServeHTTP(w, r)
}
