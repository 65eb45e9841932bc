// Package smoke makes the requests of the API's smoke test (x-smoke of lambda/openapi) to a deployed API and
// compares the responses.
package smoke

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/didomi/serverless-api/ops/command"
)

// timeout bounds one request: a cold start with its connections takes seconds.
const timeout = 60 * time.Second

// A new host name or API key is available everywhere only after a while; AWS documents no duration.
const (
	// settling is the total time for which responses are attributed to that.
	settling = time.Minute
	// pollInterval is the time between two attempts.
	pollInterval = 2 * time.Second
)

// Run makes the requests of the smoke test to the API at --url. Its key, where it requires one, is in the
// environment variable API_KEY.
func Run(ctx context.Context, io command.IO, args []string) error {
	definition, err := openapi.Load()
	if err != nil {
		return err
	}
	return run(ctx, io, args, definition.Smoke())
}

func run(ctx context.Context, io command.IO, args []string, requests []openapi.Request) error {
	flags := command.Flags("smoke")
	base := flags.String("url", "", "the API's `address`, as the stack's output url gives it")
	via := flags.String("via", "", "HTTP `proxy` to the API that terminates TLS, where the API's host name does not resolve")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	api, err := newAPI(*base, *via, os.Getenv("API_KEY"))
	if err != nil {
		return err
	}
	if err := api.check(ctx, io.Stdout, requests); err != nil {
		return fmt.Errorf("the API at %s does not work:\n%w", *base, err)
	}
	return nil
}

type api struct {
	base, key string
	client    http.Client
	// left is the rest of settling.
	left, pollInterval time.Duration
}

// check makes every request, and returns an error for each unexpected response.
func (a *api) check(ctx context.Context, out io.Writer, requests []openapi.Request) error {
	var failed error
	id := strings.ToLower(rand.Text()[:10])
	for _, request := range requests {
		if err := a.expect(ctx, request, id); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", request.Name, err))
			continue
		}
		_, _ = fmt.Fprintf(out, "ok: %s\n", request.Name)
	}
	return failed
}

func newAPI(base, via, key string) (*api, error) {
	address, err := url.Parse(base)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return nil, command.BadUsage("--url %q: must be the address of an API", base)
	}
	a := &api{key: key, client: http.Client{Timeout: timeout}, left: settling, pollInterval: pollInterval}
	if via != "" {
		proxy, err := url.Parse(via)
		if err != nil || proxy.Host == "" {
			return nil, command.BadUsage("--via %q: must be the address of a proxy", via)
		}
		address.Scheme = "http" // the proxy adds TLS
		a.client.Transport = &http.Transport{Proxy: http.ProxyURL(proxy)}
	}
	a.base = strings.TrimSuffix(address.String(), "/")
	return a, nil
}

// expect makes a request, again while a name or a key may not be available everywhere.
func (a *api) expect(ctx context.Context, request openapi.Request, id string) error {
	for {
		err := a.try(ctx, request, id)
		if !errors.Is(err, errUnsettled) || a.left < a.pollInterval {
			return err
		}
		a.left -= a.pollInterval
		select {
		case <-time.After(a.pollInterval):
		case <-ctx.Done():
			return err
		}
	}
}

// errUnsettled marks a response that a new API may return before its name or key is available everywhere.
var errUnsettled = errors.New("not available everywhere yet, if it is new")

func (a *api) try(ctx context.Context, want openapi.Request, id string) error {
	path := want.Path(id)
	request, err := http.NewRequestWithContext(ctx, want.Method(), a.base+path, bytes.NewReader(want.Body))
	if err != nil {
		return err
	}
	if len(want.Body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	if a.key != "" {
		request.Header.Set("X-Api-Key", a.key)
	}
	response, err := a.client.Do(request)
	if name := new(net.DNSError); errors.As(err, &name) && name.IsNotFound {
		return fmt.Errorf("%w: %w", err, errUnsettled)
	}
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return err
	}
	var compact bytes.Buffer
	if json.Compact(&compact, text) == nil {
		text = compact.Bytes()
	}
	if response.StatusCode == want.Status && strings.Contains(string(text), want.Contains) {
		return nil
	}
	err = fmt.Errorf("%s %s returns %s, want %d %s: %.500s", want.Method(), path, response.Status, want.Status, want.Contains, text)
	if response.StatusCode == http.StatusForbidden && a.key != "" {
		return fmt.Errorf("%w: the key is %w", err, errUnsettled)
	}
	return err
}
