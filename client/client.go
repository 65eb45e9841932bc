// Package client is a client of the API of items and files. The types and requests in client/api are generated from the
// API's contract, docs/openapi.json; this package adds what a generator cannot know: which requests are repeated, what a
// lost response of a write means, how pages, parts and ranges become one list, one upload and one download.
//
// Errors of the API are *transport.Problem, to compare with errors.Is, such as transport.ErrNotFound.
package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/didomi/serverless-api/client/api"
	"github.com/didomi/serverless-api/client/transport"
)

// Client sends requests to one API. It is safe for concurrent use.
type Client struct {
	api  *api.Client
	http *http.Client
	host string
}

// New returns a client of the API at address, the stack's output url.
func New(address string, options ...transport.Option) (*Client, error) {
	sender, parsed, err := transport.New(address, options...)
	if err != nil {
		return nil, err
	}
	requests, err := api.NewClient(parsed.String(), api.WithHTTPClient(sender))
	if err != nil {
		return nil, err
	}
	return &Client{api: requests, http: sender, host: parsed.Host}, nil
}

// decode reads a response with one of these statuses into a value. The two first parameters are the results of
// a request.
func decode(response *http.Response, err error, into any, statuses ...int) (http.Header, error) {
	if err != nil {
		return nil, withoutURL(err)
	}
	if !slices.Contains(statuses, response.StatusCode) {
		return nil, transport.NewProblem(response)
	}
	defer func() { _ = response.Body.Close() }()
	if into == nil {
		return response.Header, nil
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return nil, fmt.Errorf("%s %s: the response is not what the contract says: %w", response.Request.Method, response.Request.URL.Path, err)
	}
	return response.Header, nil
}

// withoutURL returns the cause of an error of net/http without the URL: that of a presigned request is a credential.
func withoutURL(err error) error {
	if known := new(url.Error); errors.As(err, &known) {
		return fmt.Errorf("%s: %w", known.Op, known.Err)
	}
	return err
}

// optional returns nil for an empty value, which the generated requests leave out.
func optional[T comparable](value T) *T {
	var empty T
	if value == empty {
		return nil
	}
	return &value
}
