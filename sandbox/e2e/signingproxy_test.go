package e2e

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/didomi/serverless-api/client/sigv4"
)

// signingProxy starts a proxy in front of the stack for a client that cannot sign. It signs requests whose Authorization
// is the returned value, and passes all others on unchanged.
func signingProxy(t *testing.T, out outputs) (proxyURL, authorization string) {
	t.Helper()
	target, err := url.Parse(out.URL)
	if err != nil {
		t.Fatal(err)
	}
	authorization = rand.Text()
	signing := &sigv4.Transport{
		Host: target.Host, Region: out.Region,
		Credentials: credentials.NewStaticCredentialsProvider(out.AccessKeyID, out.SecretAccessKey, ""),
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, ""
		},
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != authorization {
				return http.DefaultTransport.RoundTrip(r)
			}
			r.Header.Del("Authorization")
			return signing.RoundTrip(r)
		}),
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL + target.Path, authorization
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
