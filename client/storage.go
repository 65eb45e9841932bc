package client

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/didomi/serverless-api/client/api"
	"github.com/didomi/serverless-api/client/transport"
)

// S3's codes in errors (Amazon S3 API reference, "Error responses").
const (
	codeBadDigest      = "BadDigest"      // the body differs from its Content-MD5
	codeRequestTimeout = "RequestTimeout" // the body did not arrive in time
	codeNoSuchUpload   = "NoSuchUpload"   // completed, aborted or expired
	codeInternalError  = "InternalError"
)

// send sends a presigned request with a section of a file as its body.
func (c *Client) send(ctx context.Context, to api.Presigned, body section) (*http.Response, error) {
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(body.content, body.at, body.len)), nil
	}
	request, err := newPresigned(ctx, to)
	if err != nil {
		return nil, err
	}
	request.ContentLength, request.Body, request.GetBody = body.len, http.NoBody, open
	if body.len > 0 {
		request.Body, _ = open()
	}
	// S3 compares what arrives with it. A checksum of its own would have to be signed, so the API would need to know it.
	request.Header.Set("Content-MD5", body.md5)
	return c.doPresigned(request)
}

// sendText sends a presigned request with a text as its body, or without one.
func (c *Client) sendText(ctx context.Context, to api.Presigned, text []byte) (*http.Response, error) {
	request, err := newPresigned(ctx, to)
	if err != nil {
		return nil, err
	}
	if len(text) > 0 {
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
		request.ContentLength, request.GetBody = int64(len(text)), open
		request.Body, _ = open()
	}
	transport.Repeatable(request) // S3 completes or aborts an upload once
	return c.doPresigned(request)
}

func newPresigned(ctx context.Context, to api.Presigned) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, to.Method, to.Url, nil)
	if err != nil {
		return nil, fmt.Errorf("a presigned request: %w", withoutURL(err))
	}
	if to.Headers != nil {
		for name, value := range *to.Headers {
			if http.CanonicalHeaderKey(name) != "Content-Length" { // net/http sets it by the body
				request.Header.Set(name, value)
			}
		}
	}
	return request, nil
}

func (c *Client) doPresigned(request *http.Request) (*http.Response, error) {
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", hostAndPath(request.URL), withoutURL(err))
	}
	if response.StatusCode/100 != 2 {
		return nil, newStorageError(response)
	}
	return response, nil
}

func hostAndPath(u *url.URL) string { return u.Host + u.EscapedPath() }

// xmlError is an error of S3.
type xmlError struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	RequestID string `xml:"RequestId"`
}

// newStorageError reads an error of S3 and closes the response's body. Its code is the title.
func newStorageError(response *http.Response) *transport.Problem {
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return storageError(response, text)
}

func storageError(response *http.Response, text []byte) *transport.Problem {
	parsed := xmlError{Code: http.StatusText(response.StatusCode)}
	_ = xml.Unmarshal(text, &parsed) // the status says what is known without it
	return &transport.Problem{
		Status: response.StatusCode, Title: parsed.Code, Detail: parsed.Message, RequestID: parsed.RequestID,
		Method: response.Request.Method, Path: hostAndPath(response.Request.URL),
	}
}
