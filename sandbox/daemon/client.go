package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/faults"
	"github.com/didomi/serverless-api/sandbox/layout"
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

// Token returns a token of GitLab's identity provider with these claims.
func Token(ctx context.Context, l layout.Layout, claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode the claims of a token: %w", err)
	}
	response, err := call(ctx, l, http.MethodPost, "/token", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	var token string
	err = read(response, "/token", &token)
	return token, err
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
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	return response, nil
}
