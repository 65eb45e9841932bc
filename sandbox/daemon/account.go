package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/faults"
	"github.com/didomi/serverless-api/sandbox/gateway"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/metrics"
	"github.com/didomi/serverless-api/sandbox/oidc"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// account is the emulated account: control plane, data plane and functions.
type account struct {
	root      credentials
	key       string // required by the emulator's port
	emulator  *child.Keeper
	plane     *dataplane.Servers
	gateway   *gateway.Gateway
	issuer    *oidc.Issuer
	authority *dataplane.Authority
	host      *lambdahost.Host
	proxy     *http.Server // to the issuer, of functions outside the VPC
	faults    *faults.Registry
	shipper   *shipper // of the functions' logs
	store     *metrics.Store
	metrics   *metrics.CloudWatch
	watching  context.CancelFunc // ends the evaluation of alarms
	access    *os.File           // access log of the REST APIs
	calls     *os.File           // authorization log of users and roles
}

// limits are those of an established account: its quotas allow several stacks with a NAT gateway in each zone. Tests set
// those of a new account through gateway.LimitsPath.
var limits = gateway.Limits{Quotas: map[string]float64{"vpc/L-F678F1CE": 10, "vpc/L-A4707A72": 10, "ec2/L-0263D0A3": 10}}

// openAccount starts an empty account. On error, it stops what it has started.
func openAccount(ctx context.Context, l layout.Layout, region string, log *slog.Logger) (_ *account, err error) {
	a := &account{root: newCredentials(), key: rand.Text(), store: metrics.NewStore()}
	a.faults = faults.New(a.stackOf)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if err := a.openDataPlane(l); err != nil {
		return nil, err
	}
	if err := a.openControlPlane(ctx, l, region, log); err != nil {
		return nil, err
	}
	a.openMetrics(l, log)
	if err := a.openFunctions(l, region, log); err != nil {
		return nil, err
	}
	a.access, err = os.OpenFile(l.Log("access"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the access log: %w", err)
	}
	return a, nil
}

// openDataPlane creates the servers of databases and caches, with the certificate authority that clients trust.
func (a *account) openDataPlane(l layout.Layout) error {
	var err error
	if a.authority, err = dataplane.NewAuthority(); err != nil {
		return err
	}
	if err := a.authority.WriteFile(l.CA()); err != nil {
		return err
	}
	in, err := dataplane.Locate(l.Root, l.Venv())
	if err != nil {
		return err
	}
	a.plane, err = dataplane.New(in, a.authority, l.Network, a.faults)
	return err
}

// openControlPlane starts the emulator, and the gateway in front of it.
func (a *account) openControlPlane(ctx context.Context, l layout.Layout, region string, log *slog.Logger) (err error) {
	if a.issuer, err = oidc.New(); err != nil {
		return err
	}
	// Opened for appending, because the emulator writes to it too.
	a.calls, err = os.OpenFile(l.Calls(), os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the authorization log: %w", err)
	}
	if a.emulator, err = keepEmulator(ctx, l, region, a.root, a.key); err != nil {
		return err
	}
	a.gateway, err = gateway.New(gateway.Config{
		Upstream:    &url.URL{Scheme: "http", Host: l.EmulatorAddr()},
		UpstreamKey: a.key,
		PublicURL:   &url.URL{Scheme: "http", Host: l.GatewayAddr()},
		AccessKeyID: a.root.id, SecretAccessKey: a.root.secret,
		Region: region, AccountID: layout.Account,
		Limits: limits, Dir: filepath.Join(l.Data(), "code"), Plane: a.plane, ProxyWarmUp: l.ProxyWarmUp, Issuer: a.issuer, Calls: a.calls, Logged: a.logged, Metrics: a.store, Measured: a.measured, Logger: log,
	})
	if err != nil {
		return fmt.Errorf("create the gateway: %w", err)
	}
	return nil
}

// openFunctions creates the host that runs the functions' code, which the gateway invokes.
func (a *account) openFunctions(l layout.Layout, region string, log *slog.Logger) (err error) {
	proxy, err := a.openProxy()
	if err != nil {
		return err
	}
	a.shipper = newShipper(a.gateway.PutLogs, log)
	a.host, err = lambdahost.New(lambdahost.Config{
		Source: a.gateway, Dir: functionsDir(l), Region: region, AccountID: layout.Account,
		Platform: platform(l), Internet: map[string]string{"HTTPS_PROXY": "http://" + proxy}, Logs: a.logLine, Invoked: a.invoked, StreamRate: lambdahost.StreamRate,
	})
	if err != nil {
		return fmt.Errorf("create the function host: %w", err)
	}
	a.gateway.SetInvoker(a.host)
	return nil
}

// openProxy serves the issuer to functions outside the VPC, and returns the address. Those inside have no route to it,
// as with a VPC without NAT.
func (a *account) openProxy() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("open the issuer's proxy: %w", err)
	}
	a.proxy = &http.Server{Handler: a.issuer.Proxy(a.authority.Certificate), ReadHeaderTimeout: readHeaderTimeout}
	go func() { _ = a.proxy.Serve(listener) }() // ends with close
	return listener.Addr().String(), nil
}

// functionsDir is the directory of the functions' code and logs.
func functionsDir(l layout.Layout) string { return filepath.Join(l.Data(), "functions") }

// platform has the environment variables that functions have only in the sandbox: the AWS endpoint and the trusted CA.
func platform(l layout.Layout) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":          "http://" + l.GatewayAddr(),
		"AWS_EC2_METADATA_DISABLED": "true",
		"SSL_CERT_FILE":             l.CA(),
		child.MarkerName:            l.Root,
	}
}

// api configures the data plane of the account's REST APIs.
func (a *account) api() restapi.Config {
	return restapi.Config{
		Store: a.gateway, Invoker: a.host, Untimed: a.host.Debugged, Decision: a.gateway.RecordDecision,
		AccessLog: a.logAccess, Served: a.served,
	}
}

// close stops everything that was started.
func (a *account) close() error {
	var all error
	a.faults.EndAll()
	if a.watching != nil {
		a.watching()
	}
	if a.host != nil {
		all = errors.Join(all, a.host.Close())
	}
	if a.shipper != nil {
		a.shipper.close()
	}
	if a.proxy != nil {
		all = errors.Join(all, a.proxy.Close())
	}
	if a.plane != nil {
		all = errors.Join(all, a.plane.Close())
	}
	if a.emulator != nil {
		a.emulator.Stop(time.Second)
	}
	for _, log := range []*os.File{a.access, a.calls} {
		if log != nil {
			all = errors.Join(all, log.Close())
		}
	}
	return all
}
