// Package emulator calls ministack as the emulated account's administrator, reads the policies of roles, stores the
// members of resources that ministack drops (Overlay) and caches what has been read from it (Lookups).
package emulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Client makes the gateway's own calls to the emulator, signed as the emulated
// account's administrator. It uses the wire protocols, because an SDK client
// per service is not worth a few calls.
type Client struct {
	client      *http.Client
	Upstream    url.URL
	Region      string
	Credentials aws.Credentials
	signer      *v4.Signer
}

// Error is an error response of the emulator.
type Error struct {
	Call   string
	Status int
	Body   string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: the emulator returned status %d: %s", e.Call, e.Status, e.Body)
}

// NotFound reports whether the emulator returned status 404.
func NotFound(err error) bool {
	var apiErr *Error
	return errors.As(err, &apiErr) && apiErr.Status == http.StatusNotFound
}

// New creates a client that signs its calls with the credentials.
func New(upstream *url.URL, region string, credentials aws.Credentials, client *http.Client) *Client {
	return &Client{client: client, Upstream: *upstream, Region: region, Credentials: credentials, signer: v4.NewSigner()}
}

// Rest makes a call of a REST protocol with the JSON body in, if any, and
// decodes the response into out, if not nil. path must be escaped.
func (c *Client) Rest(ctx context.Context, service, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	response, err := c.Do(ctx, service, method, path, http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return err
	}
	return decode(method+" "+path, response, out)
}

// Target makes a call of a JSON protocol ("secretsmanager.GetSecretValue").
func (c *Client) Target(ctx context.Context, service, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {target}}
	response, err := c.Do(ctx, service, http.MethodPost, "/", header, body)
	if err != nil {
		return err
	}
	return decode(target, response, out)
}

// Query makes a call of the Query protocol.
func (c *Client) Query(ctx context.Context, service, version string, parameters map[string]string) (*xmltree.Node, error) {
	form := url.Values{"Version": {version}}
	for name, value := range parameters {
		form.Set(name, value)
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	response, err := c.Do(ctx, service, http.MethodPost, "/", header, []byte(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", parameters["Action"], err)
	}
	return xmltree.Parse(response)
}

func decode(request string, response []byte, out any) error {
	if out == nil || len(response) == 0 {
		return nil
	}
	if err := json.Unmarshal(response, out); err != nil {
		return fmt.Errorf("%s: decode the emulator's response: %w", request, err)
	}
	return nil
}

// Do signs and sends a request and returns the body of the response.
func (c *Client) Do(ctx context.Context, service, method, path string, header http.Header, body []byte) ([]byte, error) {
	request := service + ": " + method + " " + path
	r, err := http.NewRequestWithContext(ctx, method, c.Upstream.Scheme+"://"+c.Upstream.Host+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", request, err)
	}
	r.Header = header
	sum := sha256.Sum256(body)
	if err := c.signer.SignHTTP(ctx, c.Credentials, r, hex.EncodeToString(sum[:]), service, c.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("%s: sign: %w", request, err)
	}
	response, err := c.client.Do(r)
	if err != nil {
		return nil, &UnreachableError{Cause: fmt.Errorf("%s: %w", request, err)}
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, &UnreachableError{Cause: fmt.Errorf("%s: %w", request, err)}
	}
	if response.StatusCode >= 300 {
		return nil, &Error{Call: request, Status: response.StatusCode, Body: string(content)}
	}
	return content, nil
}

// IAMVersion is the version of IAM's API.
const IAMVersion = "2010-05-08"

// EC2Version is the version of EC2's API.
const EC2Version = "2016-11-15"
