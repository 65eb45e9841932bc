package call

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

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Handler answers one corrected call: it forwards the exchange and changes the
// answer. An error becomes a failure answer that names the call.
type Handler func(x *Exchange) error

// Exchange is one corrected call: the request as it came, and the answer that
// will go back.
type Exchange struct {
	*Account
	Writer  http.ResponseWriter
	Request *http.Request
	Form    url.Values // of a Query protocol call

	Body     []byte // the request's, once read
	BodyRead bool

	Status   int
	Header   http.Header
	Answer   []byte
	Streamed bool // the handler wrote the answer itself
	Invoking bool // the call runs a function and changes nothing
}

// Requests that are read whole are small ones; the largest is an OpenAPI
// document or an invocation's payload (6 MB).
const largestRequest = 32 << 20

func (x *Exchange) serve(call Handler) {
	if err := call(x); err != nil {
		x.fail(err)
		return
	}
	if x.Streamed {
		return
	}
	if !x.Invoking {
		x.wrote(x.Request)
	}
	header := x.Writer.Header()
	maps.Copy(header, x.Header)
	header.Set("Content-Length", strconv.Itoa(len(x.Answer)))
	if x.Status == http.StatusNoContent || x.Request.Method == http.MethodHead {
		header.Del("Content-Length")
	}
	x.Writer.WriteHeader(x.Status)
	if _, err := x.Writer.Write(x.Answer); err != nil && x.Request.Context().Err() == nil {
		x.Log.Debug("the caller did not take the answer", "call", x.name(), "error", err)
	}
}

// fail answers with the gateway's own failure. The status is one that AWS SDKs
// do not retry: the emulator has already done its part, so a second try would
// find the resource there.
func (x *Exchange) fail(err error) {
	if x.Request.Context().Err() != nil || x.Streamed {
		return
	}
	x.Log.Error("the sandbox's gateway failed", "call", x.name(), "error", err)
	var unreachable *emulator.UnreachableError
	if errors.As(err, &unreachable) {
		x.upstreamFailed(x.Writer, x.Request, unreachable.Cause)
		return
	}
	if x.Form != nil {
		writeQueryFailure(x.Writer, http.StatusBadRequest, "SandboxFailure", x.name()+": "+err.Error())
		return
	}
	WriteFailure(x.Writer, http.StatusBadRequest, "SandboxFailure", x.name()+": "+err.Error())
}

func (x *Exchange) name() string {
	if action := x.Form.Get("Action"); action != "" {
		return SigningName(x.Request) + ":" + action
	}
	return x.Request.Method + " " + x.Request.URL.Path
}

// ReadBody reads the request's body, once.
func (x *Exchange) ReadBody() ([]byte, error) {
	if x.BodyRead {
		return x.Body, nil
	}
	body, err := io.ReadAll(io.LimitReader(x.Request.Body, largestRequest+1))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(body) > largestRequest {
		return nil, fmt.Errorf("the request is larger than %d bytes, the most that the sandbox's gateway takes for this call", largestRequest)
	}
	x.Body, x.BodyRead = body, true
	return body, nil
}

// Forward sends the request to the emulator as it came and reads its answer.
func (x *Exchange) Forward() error {
	target := *x.Request.URL
	target.Scheme, target.Host = x.Upstream.Scheme, x.Upstream.Host
	out, err := http.NewRequestWithContext(x.Request.Context(), x.Request.Method, target.String(), x.Request.Body)
	if err != nil {
		return fmt.Errorf("forward: %w", err)
	}
	out.URL.RawPath, out.URL.RawQuery = x.Request.URL.RawPath, x.Request.URL.RawQuery
	out.Header, out.Host, out.ContentLength = x.Request.Header.Clone(), x.Request.Host, x.Request.ContentLength
	out.Body = sized(out.Body, out.ContentLength)
	asTLS(out.Header)
	if x.BodyRead {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(x.Body)), int64(len(x.Body))
	}
	if out.ContentLength == 0 {
		out.Body = http.NoBody
	}
	answer, err := x.Client.Do(out)
	if err != nil {
		return &emulator.UnreachableError{Cause: err}
	}
	defer func() { _ = answer.Body.Close() }()
	LetFinish(x.Request)
	if err := x.take(answer); err != nil {
		return err
	}
	if x.Decide == nil {
		return nil
	}
	return x.Decide(x)
}

func (x *Exchange) take(answer *http.Response) error {
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
		return &emulator.UnreachableError{Cause: fmt.Errorf("read its answer: %w", err)}
	}
	answer.Header.Del("Content-Length")
	answer.Header.Del("Transfer-Encoding")
	x.Status, x.Header, x.Answer = answer.StatusCode, answer.Header, content
	return nil
}

// Succeeded says whether the emulator did what was asked.
func (x *Exchange) Succeeded() bool { return x.Status >= 200 && x.Status < 300 }

// Reading reads the request's body before the call goes on, for a correction
// that needs it afterwards.
func Reading(call Handler) Handler {
	return func(x *Exchange) error {
		if _, err := x.ReadBody(); err != nil {
			return err
		}
		return call(x)
	}
}

// After forwards the call and, when the emulator did it, corrects.
func After(correct Handler) Handler {
	return func(x *Exchange) error {
		if err := x.Forward(); err != nil || !x.Succeeded() {
			return err
		}
		return correct(x)
	}
}

// Instead forwards the call for the emulator to authenticate and authorize it,
// and answers in the emulator's place unless it refused.
func Instead(answer Handler) Handler {
	return Reading(func(x *Exchange) error {
		if err := x.Forward(); err != nil || x.Denied() {
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

// Denied says whether the emulator refused the caller rather than the call.
func (x *Exchange) Denied() bool {
	if x.Status == http.StatusForbidden || x.Status == http.StatusUnauthorized {
		return true
	}
	if x.Succeeded() {
		return false
	}
	code := x.ErrorCode()
	for _, known := range authErrors {
		if strings.HasPrefix(code, known) {
			return true
		}
	}
	return false
}

// ErrorCode is the code of an error answer in any of the protocols.
func (x *Exchange) ErrorCode() string {
	if code := x.Header.Get("X-Amzn-Errortype"); code != "" {
		code, _, _ = strings.Cut(code, ":")
		return code
	}
	var problem struct {
		Type string `json:"__type"`
		Code string `json:"code"`
	}
	if json.Unmarshal(x.Answer, &problem) == nil && problem.Type+problem.Code != "" {
		full := problem.Type + problem.Code
		return full[strings.LastIndex(full, "#")+1:]
	}
	if tree, err := xmltree.Parse(x.Answer); err == nil {
		if code := tree.First("Code"); code != nil {
			return code.Text
		}
	}
	return ""
}

// FirstOf is the first handler that there is; forward where there is none.
func FirstOf(calls ...Handler) Handler {
	for _, call := range calls {
		if call != nil {
			return call
		}
	}
	return (*Exchange).Forward
}
