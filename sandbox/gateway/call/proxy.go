package call

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"time"
)

// NewProxy streams a call through unchanged: same Host header, path, query and
// body, so that its signature verifies at the emulator. Nothing is held in
// memory beyond the copy buffer, whatever the size of an object.
func (a *Account) NewProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = a.Upstream.Scheme, a.Upstream.Host
			p.Out.URL.RawQuery = p.In.URL.RawQuery // the proxy would drop pairs it cannot parse
			p.Out.Host = p.In.Host
			p.Out.Body = sized(p.Out.Body, p.Out.ContentLength)
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if values, ok := p.In.Header[name]; ok {
					p.Out.Header[name] = values // the proxy takes these away; they may be signed
				}
			}
			asTLS(p.Out.Header)
		},
		Transport: a.Client.Transport,
		ModifyResponse: func(r *http.Response) error {
			a.wrote(r.Request)
			LetFinish(r.Request)
			return nil
		},
		FlushInterval: -1, // a streamed answer goes on as it comes
		ErrorHandler:  a.upstreamFailed,
		ErrorLog:      slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn),
	}
}

// FinishTime is how long an answer waits for its request's sender.
const FinishTime = 2 * time.Millisecond

// LetFinish gives the sender of a request with a body the time to finish
// sending. The AWS SDK for Go closes the body as soon as the answer begins; its
// transport, still looking whether anything follows, then closes the connection
// under the answer ("use of closed network connection", about one call in 400 on
// a busy machine). No answer of AWS is as quick as ours on loopback.
func LetFinish(r *http.Request) {
	if r.ContentLength > 0 {
		time.Sleep(FinishTime)
	}
}

// sizedBody is a request body that is not read beyond its length.
type sizedBody struct {
	io.Reader
	io.Closer
}

// sized ends a body at its length by itself. Go's transport reads on to see
// that nothing follows, and our server closes the body as soon as we answer: a
// quick answer of the emulator would meet that read, fail it, and take the
// connection that the answer comes on with it.
func sized(body io.ReadCloser, length int64) io.ReadCloser {
	if body == nil || length <= 0 {
		return body
	}
	return sizedBody{io.LimitReader(body, length), body}
}

// asTLS says to the emulator that the call came by TLS, as every call to AWS
// does: policies that refuse aws:SecureTransport false would refuse the
// sandbox's plain loopback. A caller who sends the header keeps its own, so a
// test can be refused. It is not part of the signature.
func asTLS(header http.Header) {
	const forwarded = "X-Forwarded-Proto"
	if header.Get(forwarded) == "" {
		header.Set(forwarded, "https")
	}
}

// upstreamFailed answers 502 when the emulator cannot be reached, in words
// that say what to do; the caller who left gets nothing.
func (a *Account) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	a.Log.Error("the emulator did not answer", "call", r.Method+" "+r.URL.Path, "error", err)
	WriteFailure(w, http.StatusBadGateway, "SandboxEmulatorUnavailable", fmt.Sprintf(
		"The AWS emulator at %s did not answer: %v. See the log of ministack (make logs); make down and make up start it afresh.",
		a.Upstream.Host, err))
}
