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
	"github.com/didomi/serverless-api/sandbox/layout"
)

// ErrNotRunning says that no daemon serves this sandbox.
var ErrNotRunning = errors.New("the sandbox is not running: make up starts it")

// askTimeout bounds a question to the daemon.
const askTimeout = 15 * time.Second

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

// Token is a token of the identity provider for GitLab with these claims.
func Token(ctx context.Context, l layout.Layout, claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write the claims of a token: %w", err)
	}
	answer, err := call(ctx, l, http.MethodPost, "/token", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	var token string
	err = read(answer, "/token", &token)
	return token, err
}

func get(ctx context.Context, l layout.Layout, path string, out any) error {
	answer, err := call(ctx, l, http.MethodGet, path, http.NoBody)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return read(answer, path, out)
}

func read(answer *http.Response, path string, out any) error {
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return fmt.Errorf("read the sandbox's answer to %s (%s): %w", path, answer.Status, err)
	}
	return nil
}

// Stop asks the running daemon to stop and waits until it is gone; no daemon
// is no error.
func Stop(ctx context.Context, l layout.Layout, pid int) error {
	answer, err := call(ctx, l, http.MethodPost, "/stop", http.NoBody)
	if errors.Is(err, ErrNotRunning) {
		return nil
	}
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
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

// call sends a request to the control socket; the caller closes the body.
func call(ctx context.Context, l layout.Layout, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://sandbox"+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	client := http.Client{Timeout: askTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			path, closeFolder, err := shortPath(l.Socket())
			if err != nil {
				return nil, err
			}
			defer closeFolder()
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
	answer, err := client.Do(request)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	return answer, nil
}
