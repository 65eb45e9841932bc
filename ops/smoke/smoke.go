// Package smoke asks a deployed API the few questions that tell whether it works: what it says about
// itself, and whether an item that is written can be read, is not there once deleted, and whether
// strangers are refused.
package smoke

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/didomi/serverless-api/ops/command"
)

// patience bounds one request: a cold start with its connections takes seconds.
const patience = 60 * time.Second

// Run asks the API at --url. The key, where it wants one, is in the environment variable API_KEY.
func Run(ctx context.Context, io command.IO, args []string) error {
	flags := command.Flags("smoke")
	base := flags.String("url", "", "the API's `address`, as the stack's output url gives it")
	via := flags.String("via", "", "HTTP `proxy` that leads to the API and looks after TLS, where its name does not lead there")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	api, err := newAPI(*base, *via, os.Getenv("API_KEY"))
	if err != nil {
		return err
	}
	var failed error
	for _, question := range api.questions() {
		if err := question.ask(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", question.what, err))
			continue
		}
		_, _ = fmt.Fprintf(io.Stdout, "ok: %s\n", question.what)
	}
	if failed != nil {
		return fmt.Errorf("the API at %s does not work:\n%w", *base, failed)
	}
	return nil
}

type api struct {
	base, key string
	client    http.Client
}

func newAPI(base, via, key string) (*api, error) {
	address, err := url.Parse(base)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return nil, command.BadUsage("--url %q: want the address of an API", base)
	}
	a := &api{key: key, client: http.Client{Timeout: patience}}
	if via != "" {
		proxy, err := url.Parse(via)
		if err != nil || proxy.Host == "" {
			return nil, command.BadUsage("--via %q: want the address of a proxy", via)
		}
		address.Scheme = "http" // the proxy speaks TLS, if anybody does
		a.client.Transport = &http.Transport{Proxy: http.ProxyURL(proxy)}
	}
	a.base = strings.TrimSuffix(address.String(), "/")
	return a, nil
}

type question struct {
	what string
	ask  func(context.Context) error
}

func (a *api) questions() []question {
	item := "/items/smoke-" + strings.ToLower(rand.Text()[:10])
	const body = `{"smoke":true}`
	return []question{
		{"every dependency is well", func(ctx context.Context) error {
			return a.expect(ctx, http.MethodGet, "/health", "", http.StatusOK, "")
		}},
		{"an item is written", func(ctx context.Context) error {
			return a.expect(ctx, http.MethodPut, item, body, http.StatusCreated, "")
		}},
		{"it is read back", func(ctx context.Context) error {
			return a.expect(ctx, http.MethodGet, item, "", http.StatusOK, `"smoke":true`)
		}},
		{"it is deleted", func(ctx context.Context) error {
			return a.expect(ctx, http.MethodDelete, item, "", http.StatusNoContent, "")
		}},
		{"it is gone", func(ctx context.Context) error {
			return a.expect(ctx, http.MethodGet, item, "", http.StatusNotFound, "")
		}},
	}
}

// expect makes a request and compares the answer; a want of "" takes every body.
func (a *api) expect(ctx context.Context, method, path, body string, status int, want string) error {
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if a.key != "" {
		request.Header.Set("X-Api-Key", a.key)
	}
	answer, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return err
	}
	var compact bytes.Buffer
	if json.Compact(&compact, text) == nil {
		text = compact.Bytes()
	}
	if answer.StatusCode != status || !strings.Contains(string(text), want) {
		return fmt.Errorf("%s %s answers %s, want %d %s: %.500s", method, path, answer.Status, status, want, text)
	}
	return nil
}
