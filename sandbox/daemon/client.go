package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/faults"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/metrics"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// ErrNotRunning means that the sandbox has no running daemon.
var ErrNotRunning = errors.New("the sandbox is not running: make up starts it")

// requestTimeout bounds a request to the daemon.
const requestTimeout = 15 * time.Second

// Ask returns the running daemon's report, or ErrNotRunning.
func Ask(ctx context.Context, l layout.Layout) (Report, error) {
	var report Report
	err := get(ctx, l, "/status", &report)
	return report, err
}

// Databases returns how to connect to the clusters' servers.
func Databases(ctx context.Context, l layout.Layout) ([]dataplane.Database, error) {
	var list []dataplane.Database
	err := get(ctx, l, "/databases", &list)
	return list, err
}

// Token returns a token of the identity provider of GitLab and of the APIs' callers, with these claims.
func Token(ctx context.Context, l layout.Layout, claims oidc.Claims) (string, error) {
	return ForgedToken(ctx, l, claims, oidc.None)
}

// ForgedToken returns a token with these claims that has a defect.
func ForgedToken(ctx context.Context, l layout.Layout, claims oidc.Claims, defect oidc.Defect) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode the claims of a token: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var token string
	err = exchange(ctx, l, http.MethodPost, "/token?"+url.Values{"defect": {string(defect)}}.Encode(), body, &token)
	return token, err
}

// RotateTokenKey has the identity provider sign with a new key from now on. Its keys before stay valid.
func RotateTokenKey(ctx context.Context, l layout.Layout) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return exchange(ctx, l, http.MethodPost, "/token/rotate", nil, nil)
}

// Fail starts or ends a fault of a stack's part.
func Fail(ctx context.Context, l layout.Layout, spec faults.Spec) error {
	body, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encode a fault: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return exchange(ctx, l, http.MethodPost, "/faults", body, nil)
}

// TurnClock sets the clock of metrics and alarms forward, with each evaluation of the alarms on the way.
func TurnClock(ctx context.Context, l layout.Layout, by time.Duration) error {
	return exchange(ctx, l, http.MethodPost, "/clock?"+url.Values{"by": {by.String()}}.Encode(), nil, nil)
}

// PutMetrics stores metrics of what the sandbox does not measure, at the clock's time.
func PutMetrics(ctx context.Context, l layout.Layout, data []metrics.Datum) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode metrics: %w", err)
	}
	return exchange(ctx, l, http.MethodPost, "/metrics", body, nil)
}

func get(ctx context.Context, l layout.Layout, path string, out any) error {
	response, err := call(ctx, l, http.MethodGet, path, http.NoBody)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	return read(response, path, out)
}

func read(response *http.Response, path string, out any) error {
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return fmt.Errorf("read the sandbox's response to %s (%s): %w", path, response.Status, err)
	}
	return nil
}

// Stop stops the running daemon and waits until it has exited. It returns nil if none is running.
func Stop(ctx context.Context, l layout.Layout, pid int) error {
	response, err := call(ctx, l, http.MethodPost, "/stop", http.NoBody)
	if errors.Is(err, ErrNotRunning) {
		return nil
	}
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	for {
		if syscall.Kill(pid, 0) != nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the sandbox (pid %d) does not stop: %w", pid, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// call sends a request to the control socket. The caller must close the response body.
func call(ctx context.Context, l layout.Layout, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://sandbox"+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	return send(l, request, requestTimeout)
}

// send sends a request to the control socket, bounded by the timeout (0: by the request's context alone).
func send(l layout.Layout, request *http.Request, timeout time.Duration) (*http.Response, error) {
	client := http.Client{Timeout: timeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			path, closeDirectory, err := shortPath(l.Socket())
			if err != nil {
				return nil, err
			}
			defer closeDirectory()
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
	response, err := client.Do(request)
	if notRunning(err) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	return response, nil
}

// notRunning reports whether nothing listens on the control socket, or what listened has ended before it accepted the
// connection: the kernel closes the socket of a killed process last. A daemon that has accepted a connection reads the
// request first, so that its end is no reset.
func notRunning(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}
