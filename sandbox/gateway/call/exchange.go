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

// Handler handles a corrected call: it forwards the request and changes the response, or replaces it. The
// gateway reports an error that it returns as the error SandboxFailure, which names the call.
type Handler func(x *Exchange) error

// Exchange is a corrected call: the request as received and the response to be written.
type Exchange struct {
	*Account
	Writer  http.ResponseWriter
	Request *http.Request
	Form    url.Values // the parameters of a Query protocol call

	Body     []byte // the request's, once read
	BodyRead bool

	Status   int
	Header   http.Header // the response's
	Response []byte      // the response's body
	Streamed bool        // the handler has written the response itself
	Invoking bool        // the call invokes a function and changes no resource
}

// largestRequest limits the requests that are read into memory. The largest are an OpenAPI document and the
// payload of an invocation (6 MB).
const largestRequest = 32 << 20

func (x *Exchange) serve(handle Handler) {
	if err := handle(x); err != nil {
		x.fail(err)
		return
	}
	if x.Streamed {
		return
	}
	if !x.Invoking {
		x.invalidateLookups(x.Request)
	}
	x.write()
}

func (x *Exchange) write() {
	header := x.Writer.Header()
	maps.Copy(header, x.Header)
	header.Set("Content-Length", strconv.Itoa(len(x.Response)))
	if x.Status == http.StatusNoContent || x.Request.Method == http.MethodHead {
		header.Del("Content-Length")
	}
	x.Writer.WriteHeader(x.Status)
	if _, err := x.Writer.Write(x.Response); err != nil && x.Request.Context().Err() == nil {
		x.Log.Debug("the client did not read the response", "call", x.name(), "error", err)
	}
}

// fail reports a failure of the gateway itself. AWS SDKs do not retry status 400: the emulator may have executed
// the call already, and a retry would find that the resource exists.
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
	_ = x.Reject(http.StatusBadRequest, "SandboxFailure", x.name()+": "+err.Error()) // it never fails
	x.write()
}

func (x *Exchange) name() string {
	if action := x.Form.Get("Action"); action != "" {
		return SigningName(x.Request) + ":" + action
	}
	return x.Request.Method + " " + x.Request.URL.Path
}

// ReadBody reads the request's body on the first call.
func (x *Exchange) ReadBody() ([]byte, error) {
	if x.BodyRead {
		return x.Body, nil
	}
	body, err := io.ReadAll(io.LimitReader(x.Request.Body, largestRequest+1))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(body) > largestRequest {
		return nil, fmt.Errorf("the request is larger than %d bytes, the sandbox's limit for this call", largestRequest)
	}
	x.Body, x.BodyRead = body, true
	return body, nil
}

// DecodeRequest decodes the JSON body of the request, as Decode does.
func (x *Exchange) DecodeRequest(into any) error {
	body, err := x.ReadBody()
	if err != nil {
		return err
	}
	if err := Decode(body, into); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	return nil
}

// Forward sends the request unchanged to the emulator and reads its response.
func (x *Exchange) Forward() error {
	target := *x.Request.URL
	target.Scheme, target.Host = x.Upstream.Scheme, x.Upstream.Host
	out, err := http.NewRequestWithContext(x.Request.Context(), x.Request.Method, target.String(), x.Request.Body)
	if err != nil {
		return fmt.Errorf("forward: %w", err)
	}
	out.URL.RawPath, out.URL.RawQuery = x.Request.URL.RawPath, x.Request.URL.RawQuery
	out.Header, out.Host, out.ContentLength = x.Request.Header.Clone(), x.Request.Host, x.Request.ContentLength
	out.Body = limitBody(out.Body, out.ContentLength)
	asTLS(out.Header)
	if x.BodyRead {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(x.Body)), int64(len(x.Body))
	}
	if out.ContentLength == 0 {
		out.Body = http.NoBody
	}
	response, err := x.Client.Do(out)
	if err != nil {
		return &emulator.UnreachableError{Cause: err}
	}
	defer func() { _ = response.Body.Close() }()
	WaitForSender(x.Request)
	if err := x.readResponse(response); err != nil {
		return err
	}
	if x.Decide == nil {
		return nil
	}
	return x.Decide(x)
}

func (x *Exchange) readResponse(response *http.Response) error {
	var body io.Reader = response.Body
	if response.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return fmt.Errorf("decompress the emulator's response: %w", err)
		}
		body = unpacked
		response.Header.Del("Content-Encoding")
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return &emulator.UnreachableError{Cause: fmt.Errorf("read its response: %w", err)}
	}
	response.Header.Del("Content-Length")
	response.Header.Del("Transfer-Encoding")
	x.Status, x.Header, x.Response = response.StatusCode, response.Header, content
	return nil
}

// Succeeded reports whether the response's status is 2xx.
func (x *Exchange) Succeeded() bool { return x.Status >= 200 && x.Status < 300 }

// WithBody reads the request's body before it calls handle, which then can forward the request and use the body.
func WithBody(handle Handler) Handler {
	return func(x *Exchange) error {
		if _, err := x.ReadBody(); err != nil {
			return err
		}
		return handle(x)
	}
}

// After forwards the request and calls correct if the emulator's response is a success.
func After(correct Handler) Handler {
	return func(x *Exchange) error {
		if err := x.Forward(); err != nil || !x.Succeeded() {
			return err
		}
		return correct(x)
	}
}

// Instead forwards the request, so that the emulator authenticates and authorizes the caller, and replaces the
// response unless access is denied.
func Instead(respond Handler) Handler {
	return WithBody(func(x *Exchange) error {
		if err := x.Forward(); err != nil || x.Denied() {
			return err
		}
		return respond(x)
	})
}

// authErrors are the prefixes of the error codes with which services reject a caller. Not all come with status 403.
var authErrors = []string{
	"AccessDenied", "AuthFailure", "ExpiredToken", "IncompleteSignature", "InvalidAccessKeyId",
	"InvalidClientTokenId", "InvalidSignature", "InvalidToken", "MissingAuthenticationToken",
	"RequestExpired", "SignatureDoesNotMatch", "UnauthorizedOperation", "UnrecognizedClient",
	"UnsupportedSignature", "OptInRequired", "NotAuthorized",
}

// Denied reports whether the emulator failed to authenticate or authorize the caller.
func (x *Exchange) Denied() bool {
	if x.Status == http.StatusForbidden || x.Status == http.StatusUnauthorized {
		return true
	}
	if x.Succeeded() {
		return false
	}
	code := x.ErrorCode()
	for _, prefix := range authErrors {
		if strings.HasPrefix(code, prefix) {
			return true
		}
	}
	return false
}

// ErrorCode is the code of an error response, in any of the protocols.
func (x *Exchange) ErrorCode() string {
	if code := x.Header.Get("X-Amzn-Errortype"); code != "" {
		code, _, _ = strings.Cut(code, ":")
		return code
	}
	var fault struct {
		Type string `json:"__type"`
		Code string `json:"code"`
	}
	if json.Unmarshal(x.Response, &fault) == nil && fault.Type+fault.Code != "" {
		full := fault.Type + fault.Code
		return full[strings.LastIndex(full, "#")+1:]
	}
	if tree, err := xmltree.Parse(x.Response); err == nil {
		if code := tree.First("Code"); code != nil {
			return code.Text
		}
	}
	return ""
}

// FirstOf returns the first handler that is not nil, or the one that forwards the request.
func FirstOf(handlers ...Handler) Handler {
	for _, handle := range handlers {
		if handle != nil {
			return handle
		}
	}
	return (*Exchange).Forward
}
