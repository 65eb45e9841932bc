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
	"strings"
	"time"

	"github.com/didomi/serverless-api/client/transport"
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
// environment variable API_KEY, and the token of --auth jwt in BEARER_TOKEN.
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
	auth := flags.String("auth", openapi.AuthNone, "how the API's callers prove who they are, as the stack's output auth gives it: none, jwt (the token in BEARER_TOKEN) or iam (a signature with the AWS `credentials` of the environment)")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	options, err := authentication(ctx, *auth)
	if err != nil {
		return err
	}
	api, err := newAPI(*base, *via, options)
	if err != nil {
		return err
	}
	if err := api.check(ctx, io.Stdout, requests); err != nil {
		return fmt.Errorf("the API at %s does not work:\n%w", *base, err)
	}
	return nil
}

type api struct {
	base   string
	client *http.Client
	// authenticated is whether requests have a key, a token or a signature.
	authenticated bool
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

// newAPI returns the API at base. It sends each request once: the smoke test must find faults that a retry would hide.
func newAPI(base, via string, options []transport.Option) (*api, error) {
	sender := http.DefaultTransport.(*http.Transport).Clone()
	address := base
	if via != "" {
		proxy, err := url.Parse(via)
		if err != nil || proxy.Host == "" {
			return nil, command.BadUsage("--via %q: must be the address of a proxy", via)
		}
		sender.Proxy = http.ProxyURL(proxy)
		if rest, secure := strings.CutPrefix(base, "https://"); secure {
			address = "http://" + rest // the proxy adds TLS
		}
	}
	client, parsed, err := transport.New(address, append([]transport.Option{transport.WithBase(sender), transport.WithRetries(transport.Retries{Tries: 1})}, options...)...)
	if err != nil {
		return nil, command.BadUsage("--url: %s", err)
	}
	client.Timeout = timeout
	return &api{base: parsed.String(), client: client, authenticated: len(options) > 0, left: settling, pollInterval: pollInterval}, nil
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
	if response.StatusCode == http.StatusForbidden && a.authenticated {
		return fmt.Errorf("%w: the key or the permission is %w", err, errUnsettled)
	}
	return err
}
