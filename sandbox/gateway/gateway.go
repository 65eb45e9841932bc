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
	"sync"
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
	"github.com/didomi/serverless-api/sandbox/metrics"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// Config configures a Gateway.
type Config struct {
	// Upstream is the emulator's address, such as http://127.0.0.1:4567.
	Upstream *url.URL
	// UpstreamKey is the value of the header emulator.KeyHeader that the
	// emulator requires, if it requires one.
	UpstreamKey string
	// PublicURL is the gateway's address for clients. URLs in responses (of a
	// function's code) begin with it.
	PublicURL *url.URL
	// AccessKeyID and SecretAccessKey are the emulated account's
	// administrator's. The gateway signs its own calls with them.
	AccessKeyID, SecretAccessKey string
	Region                       string
	AccountID                    string // defaults to 000000000000
	// Dir stores the code of published function versions. It is created if it
	// does not exist.
	Dir string
	// Plane runs the databases and caches.
	Plane dataplane.Plane
	// ProxyWarmUp is how long an RDS proxy has no capacity after its target is
	// registered.
	ProxyWarmUp time.Duration
	// Invoker runs functions. SetInvoker may set it later, because it depends
	// on the gateway.
	Invoker lambdahost.Invoker
	// Limits are the account's initial limits; LimitsPath changes them.
	Limits call.Limits
	// Issuer verifies tokens of AssumeRoleWithWebIdentity. It defaults to a new
	// one.
	Issuer *oidc.Issuer
	// Calls receives a line of JSON for every call that the gateway allows after
	// the emulator has denied it. A line is one Write.
	Calls io.Writer
	// Logged receives the log events that callers write; nil: none. It must not block.
	Logged func(group string, events []logs.Event)
	// Metrics is where metrics are read. It defaults to an empty store.
	Metrics *metrics.Store
	// Measured receives the metrics that callers put; nil: none.
	Measured func([]metrics.Datum)
	// Draw returns a number in [0, 1) for each invocation of an alias with
	// weights. It defaults to a random one.
	Draw func() float64
	// Logger receives the failures of the gateway itself. It defaults to
	// slog.Default.
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
	decisions      sync.Map       // those about requests to APIs that have been recorded
	sandbox        *http.ServeMux // the paths under call.SandboxPrefix
}

const defaultAccount = "000000000000"

// New validates the configuration and creates a gateway. It does not call the
// emulator, which may start later.
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
		return nil, fmt.Errorf("gateway: create the code directory: %w", err)
	}
	g := &Gateway{config: c, account: newAccount(c), services: map[string]*call.Server{}}
	g.apis, g.functions = apigateway.New(g.account), lambda.New(g.account, c.Dir, c.Draw)
	g.register(
		acm.New(g.account),
		g.apis.Calls(),
		appautoscaling.New(g.account),
		cloudwatch.New(g.account, c.Metrics, c.Measured),
		ec2.New(g.account),
		elasticache.New(g.account, c.Plane),
		iam.New(g.account),
		kms.New(g.account),
		g.functions.Calls(),
		logs.New(c.Logged),
		rds.New(g.account, c.Plane, c.ProxyWarmUp, g.RecordDecision),
		s3.New(g.account),
		secretsmanager.New(g.account),
		servicequotas.New(g.account),
		sns.New(),
		sts.New(g.account, c.Issuer),
		wafv2.New(g.account),
	)
	g.account.Decide = decide.New(g.services, c.Calls)
	g.guard = admit.New(g.account, g.services)
	g.sandbox = g.sandboxMux()
	return g, nil
}

// register adds the corrected calls and the default quotas of services.
func (g *Gateway) register(services ...call.Service) {
	for _, s := range services {
		g.services[s.Name] = call.NewServer(g.account, s)
		maps.Copy(g.account.Limits.Defaults, s.Quotas)
	}
}

// newAccount returns the emulated account of a configuration.
func newAccount(c Config) *call.Account {
	a := &call.Account{
		Region: c.Region, AccountID: c.AccountID, Upstream: c.Upstream, PublicURL: c.PublicURL, Log: c.Logger, Now: time.Now,
		Client: &http.Client{
			Transport:     call.NotServed{RoundTripper: emulator.KeyedTransport{RoundTripper: emulator.NewTransport(), Key: c.UpstreamKey}},
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

// SetInvoker sets the function host, which is created after the gateway because
// it reads functions from it.
func (g *Gateway) SetInvoker(i lambdahost.Invoker) { g.account.Invoker.Set(i) }

func (c Config) withDefaults() Config {
	c.AccountID = cmp.Or(c.AccountID, defaultAccount)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Calls == nil {
		c.Calls = io.Discard
	}
	if c.Logged == nil {
		c.Logged = func(string, []logs.Event) {}
	}
	if c.Metrics == nil {
		c.Metrics = metrics.NewStore()
	}
	if c.Measured == nil {
		c.Measured = func([]metrics.Datum) {}
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
		"PublicURL (the gateway's URL)":    c.PublicURL == nil,
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
	if rejection := g.guard.Check(r); rejection != nil {
		call.WriteError(w, rejection.Status, rejection.Code, rejection.Message)
		return
	}
	if strings.HasPrefix(r.URL.Path, call.SandboxPrefix) {
		g.sandbox.ServeHTTP(w, r)
		return
	}
	service := call.SigningName(r)
	if service == "" && r.Method != http.MethodOptions {
		service = "sts" // AssumeRoleWithWebIdentity is the only unsigned call
	}
	if injected, ok := g.injectedErrors.next(service, r); ok {
		_, _ = io.Copy(io.Discard, r.Body) // let the SDK finish sending
		call.WaitForSender(r)
		call.WriteError(w, injected.Status, injected.Code, injected.Message)
		return
	}
	if server, ok := g.services[service]; ok {
		server.ServeHTTP(w, r)
		return
	}
	g.account.Proxy.ServeHTTP(w, r)
}
