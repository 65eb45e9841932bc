package call

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Codes of errors that no AWS service has.
const (
	notServedCode = "SandboxNotServed"
	failedCode    = "SandboxEmulatorFailed"
)

// NotServed calls the emulator. For a call that the emulator does not serve, its error names the service, the call and
// the package to add it to. AWS SDKs repeat no call after these errors.
type NotServed struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t NotServed) RoundTrip(r *http.Request) (*http.Response, error) {
	if service := SigningName(r); service != "" && !emulator.Serves(service) {
		return unserved(r, service)
	}
	response, err := t.RoundTripper.RoundTrip(r)
	if err != nil || response.StatusCode < http.StatusBadRequest || r.Method == http.MethodHead {
		return response, err
	}
	return explain(r, response)
}

// unserved responds to a call of a service that the emulator does not have.
func unserved(r *http.Request, service string) (*http.Response, error) {
	name := operation(r)
	if r.Body != nil {
		body, err := io.ReadAll(io.LimitReader(r.Body, largestRequest))
		_ = r.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("read the request: %w", err)
		}
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
			name = form.Get("Action")
		}
	}
	return errorResponse(r, http.StatusBadRequest, notServedCode, notServedMessage(service, name)), nil
}

// explain replaces the emulator's error about a call that it does not serve, and its error about a failure of its own when
// the client has sent the call three times. The error of a call that is not served keeps its code, by which the provider
// ignores some failed calls.
func explain(r *http.Request, response *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read the emulator's error: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	code, message := readError(body)
	switch {
	case unknownCall.MatchString(message):
		name := operation(r)
		if action := actionIn.FindStringSubmatch(message); action != nil {
			name = action[1]
		}
		return errorResponse(r, response.StatusCode, cmp.Or(code, notServedCode), notServedMessage(SigningName(r), name)), nil
	case response.StatusCode == http.StatusInternalServerError && code == "InternalError" && attempt(r) > 2:
		return errorResponse(r, http.StatusBadRequest, failedCode, fmt.Sprintf(
			"ministack %s, the sandbox's emulator of AWS, failed in %s: %s: %s (its log: make logs)",
			emulator.Version, SigningName(r), operation(r), message)), nil
	}
	return response, nil
}

// errorResponse is an AWS error in the protocol of the request.
func errorResponse(r *http.Request, status int, code, message string) *http.Response {
	form := strings.HasPrefix(r.Header.Get("Content-Type"), FormType) || r.URL.Query().Get("Action") != ""
	header, body := encodeError(r, form, code, message)
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

// unknownCall matches the emulator's messages about calls that it does not serve.
var unknownCall = regexp.MustCompile(`^(?:(?:Unknown|Unsupported) (?:[\w/{} ]+ )?(?:action|operation|target|path|method|request|service)\b.*: ` +
	`|Unsupported method |No route for |Operation '\w+' not implemented|missing X-Amz-Target` +
	`|The (?:requested )?action .*is not valid for this (?:web service|endpoint))`)

// actionIn finds the call in such a message.
var actionIn = regexp.MustCompile(`^(?:Unknown [\w ]*(?:action|operation): '?|Operation '|The action )(\w+)`)

func notServedMessage(service, call string) string {
	return fmt.Sprintf("ministack %s, the sandbox's emulator of AWS, does not serve %s: %s. To serve it, add it to "+
		"sandbox/gateway/%s (docs/reference/sandbox-differences.md#services)", emulator.Version, service, call, service)
}

// operation returns the name of a call where the protocol has it, else its method and path.
func operation(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	if _, name, found := strings.Cut(r.URL.Path, "/operation/"); found {
		return name
	}
	return cmp.Or(r.URL.Query().Get("Action"), r.Method+" "+r.URL.Path)
}

// attemptIn finds in the header of AWS SDKs the number of times that a call was sent.
var attemptIn = regexp.MustCompile(`attempt=(\d+)`)

func attempt(r *http.Request) int {
	found := attemptIn.FindStringSubmatch(r.Header.Get("Amz-Sdk-Request"))
	if found == nil {
		return 1
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return 1
	}
	return n
}

// readError returns the code and the message of an error in any of the protocols, empty if the body is no error.
func readError(body []byte) (code, message string) {
	if document, err := DecodeCBOR(body); err == nil {
		text := func(name string) string { value, _ := document[name].(cbor.String); return string(value) }
		return text("__type"), text("message")
	}
	var document struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // or Message: the decoder ignores the case
		Error   string `json:"error"`
	}
	if json.Unmarshal(body, &document) == nil {
		return cmp.Or(document.Type, document.Code), cmp.Or(document.Message, document.Error)
	}
	if tree, err := xmltree.Parse(body); err == nil {
		if e := tree.First("Message"); e != nil {
			message = e.Text
		}
		if e := tree.First("Code"); e != nil {
			code = e.Text
		}
	}
	return code, message
}
