package call

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"time"
)

// NewProxy returns a proxy that forwards requests unchanged: Host header, path, query and body stay the same, so
// that the emulator can verify the signature. It streams, so memory use does not depend on the size of an object.
func (a *Account) NewProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = a.Upstream.Scheme, a.Upstream.Host
			p.Out.URL.RawQuery = p.In.URL.RawQuery // the proxy drops pairs that it cannot parse
			p.Out.Host = p.In.Host
			p.Out.Body = limitBody(p.Out.Body, p.Out.ContentLength)
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if values, ok := p.In.Header[name]; ok {
					p.Out.Header[name] = values // the proxy removes these headers, which may be signed
				}
			}
			asTLS(p.Out.Header)
		},
		Transport: a.Client.Transport,
		ModifyResponse: func(r *http.Response) error {
			a.invalidateLookups(r.Request)
			WaitForSender(r.Request)
			return nil
		},
		FlushInterval: -1, // flush after each write, for streamed responses
		ErrorHandler:  a.upstreamFailed,
		ErrorLog:      slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn),
	}
}

// SenderWait is how long WaitForSender waits.
const SenderWait = 2 * time.Millisecond

// WaitForSender delays the response to a request with a body until the client has finished sending. The AWS SDK for
// Go closes the body when the response begins. If its transport is still checking for the body's end, that closes
// the connection and fails the response ("use of closed network connection", about one call in 400 on a busy
// machine). AWS's responses never arrive as early as those on loopback.
func WaitForSender(r *http.Request) {
	if r.ContentLength > 0 {
		time.Sleep(SenderWait)
	}
}

// limitedBody is a request body that is not read beyond its length.
type limitedBody struct {
	io.Reader
	io.Closer
}

// limitBody ends a body at its length. Otherwise Go's transport reads on to check that nothing follows, while the
// server closes the body when the response is written. If the emulator responds early, that read fails and closes
// the connection that carries the response.
func limitBody(body io.ReadCloser, length int64) io.ReadCloser {
	if body == nil || length <= 0 {
		return body
	}
	return limitedBody{io.LimitReader(body, length), body}
}

// asTLS marks the request as sent over TLS, as requests to AWS are: policies that deny requests with
// aws:SecureTransport false would deny every request over the sandbox's loopback. A header that the client has set
// is kept, so that tests can be denied. The header is not signed.
func asTLS(header http.Header) {
	const forwarded = "X-Forwarded-Proto"
	if header.Get(forwarded) == "" {
		header.Set(forwarded, "https")
	}
}

// upstreamFailed responds with status 502 when the emulator cannot be reached, unless the client has disconnected.
func (a *Account) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	a.Log.Error("the emulator did not respond", "call", r.Method+" "+r.URL.Path, "error", err)
	WriteError(w, http.StatusBadGateway, "SandboxEmulatorUnavailable", fmt.Sprintf(
		"The AWS emulator at %s did not respond: %v. See the log of ministack (make logs); make down and make up restart it.",
		a.Upstream.Host, err))
}
