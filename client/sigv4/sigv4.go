// Package sigv4 signs requests to an API of API Gateway whose operations require AWS credentials (IAM authorization).
package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Service is the name of API Gateway's APIs in a signature (API Gateway developer guide, "Signing the requests").
const Service = "execute-api"

// maxBody bounds the body of a signed request, which is read into memory for its hash: API Gateway rejects more than
// 10 MB ("Quotas for configuring and running a REST API", payload size).
const maxBody = 10_000_000

// Transport signs each request to Host with AWS Signature Version 4. It passes requests to other hosts on unchanged:
// a redirect to a presigned URL has its own signature, and S3 rejects a request with two.
type Transport struct {
	// Host is the API's, with a port where its address has one.
	Host string
	// Region is the one that the API is deployed in.
	Region string
	// Credentials are retrieved for each request. Use an aws.CredentialsCache, as config.LoadDefaultConfig does.
	Credentials aws.CredentialsProvider
	// Base sends the requests; nil is http.DefaultTransport.
	Base http.RoundTripper
}

// Error is that of a request which could not be signed, and was not sent.
type Error struct{ cause error }

// Error implements error.
func (e *Error) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

var signer = v4.NewSigner()

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	if r.URL.Host != t.Host {
		return base.RoundTrip(r)
	}
	signed, err := t.sign(r)
	if err != nil {
		return nil, &Error{fmt.Errorf("signing %s %s: %w", r.Method, r.URL.Path, err)}
	}
	return base.RoundTrip(signed)
}

// sign returns a signed copy: a RoundTripper must not change its request.
func (t *Transport) sign(r *http.Request) (*http.Request, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	credentials, err := t.Credentials.Retrieve(r.Context())
	if err != nil {
		return nil, fmt.Errorf("AWS credentials: %w", err)
	}
	signed := r.Clone(r.Context())
	if len(body) > 0 {
		signed.Body, signed.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	} else {
		signed.Body, signed.ContentLength = nil, 0
	}
	hash := sha256.Sum256(body)
	normal := signed.Clone(r.Context())
	if err := normalize(normal.URL); err != nil {
		return nil, err
	}
	if err := signer.SignHTTP(r.Context(), credentials, normal, hex.EncodeToString(hash[:]), Service, t.Region, time.Now()); err != nil {
		return nil, err
	}
	signed.Header = normal.Header
	return signed, nil
}

// normalize removes empty segments, "." and ".." from the path, as the canonical request of a signature requires for every
// service but S3, and the SDK's signer does not (github.com/boto/botocore, normalize_url_path).
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func normalize(u *url.URL) error {
	escaped := u.EscapedPath()
	if escaped == "" {
		return nil
	}
	clean := path.Clean("/" + escaped)
	if clean != "/" && strings.HasSuffix(escaped, "/") {
		clean += "/"
	}
	text, err := url.PathUnescape(clean)
	u.Path, u.RawPath = text, clean
	return err
}

// readBody reads the body to its end and closes it, which RoundTrip must in every case.
func readBody(r *http.Request) (body []byte, err error) {
	if r.Body == nil {
		return nil, nil
	}
	defer func() { err = errors.Join(err, r.Body.Close()) }()
	if body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("the body has more than %d bytes, which API Gateway rejects", maxBody)
	}
	return body, nil
}
