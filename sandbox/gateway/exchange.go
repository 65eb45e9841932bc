package gateway

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// handler answers one corrected call: it forwards the exchange and changes the
// answer. An error becomes a failure answer that names the call.
type handler func(x *exchange) error

// exchange is one corrected call: the request as it came, and the answer that
// will go back.
type exchange struct {
	g    *Gateway
	w    http.ResponseWriter
	r    *http.Request
	form url.Values // of a Query protocol call

	body     []byte // the request's, once read
	bodyRead bool

	status   int
	header   http.Header
	answer   []byte
	streamed bool // the handler wrote the answer itself
	invoking bool // the call runs a function and changes nothing
}

// Requests that are read whole are small ones; the largest is an OpenAPI
// document or an invocation's payload (6 MB).
const largestRequest = 32 << 20

func (x *exchange) serve(call handler) {
	if err := call(x); err != nil {
		x.fail(err)
		return
	}
	if x.streamed {
		return
	}
	if !x.invoking {
		x.g.wrote(x.r)
	}
	header := x.w.Header()
	maps.Copy(header, x.header)
	header.Set("Content-Length", strconv.Itoa(len(x.answer)))
	if x.status == http.StatusNoContent || x.r.Method == http.MethodHead {
		header.Del("Content-Length")
	}
	x.w.WriteHeader(x.status)
	if _, err := x.w.Write(x.answer); err != nil && x.r.Context().Err() == nil {
		x.g.log.Debug("the caller did not take the answer", "call", x.name(), "error", err)
	}
}

// fail answers with the gateway's own failure. The status is one that AWS SDKs
// do not retry: the emulator has already done its part, so a second try would
// find the resource there.
func (x *exchange) fail(err error) {
	if x.r.Context().Err() != nil || x.streamed {
		return
	}
	x.g.log.Error("the sandbox's gateway failed", "call", x.name(), "error", err)
	var unreachable *unreachableError
	if errors.As(err, &unreachable) {
		x.g.upstreamFailed(x.w, x.r, unreachable.cause)
		return
	}
	if x.form != nil {
		writeQueryFailure(x.w, http.StatusBadRequest, "SandboxFailure", x.name()+": "+err.Error())
		return
	}
	writeFailure(x.w, http.StatusBadRequest, "SandboxFailure", x.name()+": "+err.Error())
}

func (x *exchange) name() string {
	if action := x.form.Get("Action"); action != "" {
		return signingName(x.r) + ":" + action
	}
	return x.r.Method + " " + x.r.URL.Path
}

// readBody reads the request's body, once.
func (x *exchange) readBody() ([]byte, error) {
	if x.bodyRead {
		return x.body, nil
	}
	body, err := io.ReadAll(io.LimitReader(x.r.Body, largestRequest+1))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(body) > largestRequest {
		return nil, fmt.Errorf("the request is larger than %d bytes, the most that the sandbox's gateway takes for this call", largestRequest)
	}
	x.body, x.bodyRead = body, true
	return body, nil
}

// forward sends the request to the emulator as it came and reads its answer.
func (x *exchange) forward() error {
	target := *x.r.URL
	target.Scheme, target.Host = x.g.config.Upstream.Scheme, x.g.config.Upstream.Host
	out, err := http.NewRequestWithContext(x.r.Context(), x.r.Method, target.String(), x.r.Body)
	if err != nil {
		return fmt.Errorf("forward: %w", err)
	}
	out.URL.RawPath, out.URL.RawQuery = x.r.URL.RawPath, x.r.URL.RawQuery
	out.Header, out.Host, out.ContentLength = x.r.Header.Clone(), x.r.Host, x.r.ContentLength
	out.Body = sized(out.Body, out.ContentLength)
	asTLS(out.Header)
	if x.bodyRead {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
	}
	if out.ContentLength == 0 {
		out.Body = http.NoBody
	}
	answer, err := x.g.client.Do(out)
	if err != nil {
		return &unreachableError{err}
	}
	defer func() { _ = answer.Body.Close() }()
	letFinish(x.r)
	if err := x.take(answer); err != nil {
		return err
	}
	if x.g.decide == nil {
		return nil
	}
	return x.g.decide(x)
}

func (x *exchange) take(answer *http.Response) error {
	var body io.Reader = answer.Body
	if answer.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return fmt.Errorf("unpack the emulator's answer: %w", err)
		}
		body = unpacked
		answer.Header.Del("Content-Encoding")
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return &unreachableError{fmt.Errorf("read its answer: %w", err)}
	}
	answer.Header.Del("Content-Length")
	answer.Header.Del("Transfer-Encoding")
	x.status, x.header, x.answer = answer.StatusCode, answer.Header, content
	return nil
}

func (x *exchange) succeeded() bool { return x.status >= 200 && x.status < 300 }

// reading reads the request's body before the call goes on, for a correction
// that needs it afterwards.
func reading(call handler) handler {
	return func(x *exchange) error {
		if _, err := x.readBody(); err != nil {
			return err
		}
		return call(x)
	}
}

// after forwards the call and, when the emulator did it, corrects.
func after(correct handler) handler {
	return func(x *exchange) error {
		if err := x.forward(); err != nil || !x.succeeded() {
			return err
		}
		return correct(x)
	}
}

// instead forwards the call for the emulator to authenticate and authorize it,
// and answers in the emulator's place unless it refused.
func instead(answer handler) handler {
	return reading(func(x *exchange) error {
		if err := x.forward(); err != nil || x.denied() {
			return err
		}
		return answer(x)
	})
}

// authErrors are the codes with which services refuse a caller; not all come
// with status 403.
var authErrors = []string{
	"AccessDenied", "AuthFailure", "ExpiredToken", "IncompleteSignature", "InvalidAccessKeyId",
	"InvalidClientTokenId", "InvalidSignature", "InvalidToken", "MissingAuthenticationToken",
	"RequestExpired", "SignatureDoesNotMatch", "UnauthorizedOperation", "UnrecognizedClient",
	"UnsupportedSignature", "OptInRequired", "NotAuthorized",
}

// denied says whether the emulator refused the caller rather than the call.
func (x *exchange) denied() bool {
	if x.status == http.StatusForbidden || x.status == http.StatusUnauthorized {
		return true
	}
	if x.succeeded() {
		return false
	}
	code := x.errorCode()
	for _, known := range authErrors {
		if strings.HasPrefix(code, known) {
			return true
		}
	}
	return false
}

// errorCode is the code of an error answer in any of the protocols.
func (x *exchange) errorCode() string {
	if code := x.header.Get("X-Amzn-Errortype"); code != "" {
		code, _, _ = strings.Cut(code, ":")
		return code
	}
	var problem struct {
		Type string `json:"__type"`
		Code string `json:"code"`
	}
	if json.Unmarshal(x.answer, &problem) == nil && problem.Type+problem.Code != "" {
		full := problem.Type + problem.Code
		return full[strings.LastIndex(full, "#")+1:]
	}
	if tree, err := parseXML(x.answer); err == nil {
		if code := tree.first("Code"); code != nil {
			return code.text
		}
	}
	return ""
}

// firstOf is the first handler that there is; forward where there is none.
func firstOf(calls ...handler) handler {
	for _, call := range calls {
		if call != nil {
			return call
		}
	}
	return (*exchange).forward
}
