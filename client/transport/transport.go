// Package transport sends requests to any API of this program: it authenticates them, retries what may be retried, and
// turns problem details into errors. It has no operation of a contract; package client and ops smoke build on it.
package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/client/sigv4"
)

// responseTimeout bounds one try, from the end of the request to the response's header. API Gateway ends a buffered
// response after 29 s; S3 begins its response to the completion of an upload at once.
const responseTimeout = 60 * time.Second

// Option changes a client.
type Option func(*settings)

type settings struct {
	base    http.RoundTripper
	retries Retries
	// auth adds authentication to requests to the API's host.
	auth []func(host string, base http.RoundTripper) http.RoundTripper
	// authorization has the options that set the header Authorization.
	authorization []string
}

// WithBase sends the requests with base, in place of a copy of http.DefaultTransport.
func WithBase(base http.RoundTripper) Option { return func(s *settings) { s.base = base } }

// WithRetries replaces DefaultRetries.
func WithRetries(retries Retries) Option { return func(s *settings) { s.retries = retries } }

// WithAPIKey sends the key of a usage plan.
func WithAPIKey(key string) Option {
	return func(s *settings) {
		s.setHeader("X-Api-Key", func(context.Context) (string, error) { return key, nil })
	}
}

// WithBearerToken sends the token that source returns, with each try: source caches it as long as it is valid.
func WithBearerToken(source TokenSource) Option {
	return func(s *settings) {
		s.authorization = append(s.authorization, "WithBearerToken")
		s.setHeader("Authorization", func(ctx context.Context) (string, error) {
			token, err := source(ctx)
			if err != nil {
				return "", fmt.Errorf("bearer token: %w", err)
			}
			return "Bearer " + token, nil
		})
	}
}

// WithSigV4 signs each try with AWS credentials, for an API with IAM authorization in region.
func WithSigV4(credentials aws.CredentialsProvider, region string) Option {
	return func(s *settings) {
		s.authorization = append(s.authorization, "WithSigV4")
		s.auth = append(s.auth, func(host string, base http.RoundTripper) http.RoundTripper {
			return &sigv4.Transport{Host: host, Region: region, Credentials: credentials, Base: base}
		})
	}
}

// New returns a client for the API at address, without its path's last slash, and that address parsed. Each try of a
// request is authenticated separately. Authentication is sent to the API's host alone, never to where it redirects.
func New(address string, options ...Option) (*http.Client, *url.URL, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
		return nil, nil, fmt.Errorf("%q must be the address of an API, such as https://api.example.com", address)
	}
	if parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil {
		return nil, nil, errors.New("the address of an API must have no query, no fragment and no user")
	}
	parsed.Path = strings.TrimSuffix(parsed.Path, "/")
	s := &settings{retries: DefaultRetries}
	for _, option := range options {
		option(s)
	}
	if len(s.authorization) > 1 {
		return nil, nil, fmt.Errorf("%s: a request has one header Authorization; use one of them", strings.Join(s.authorization, " and "))
	}
	if s.base == nil {
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.ResponseHeaderTimeout = responseTimeout
		s.base = base
	}
	layers := s.base
	for _, auth := range s.auth {
		layers = auth(parsed.Host, layers)
	}
	return &http.Client{Transport: &retrier{base: layers, retries: s.retries}}, parsed, nil
}
