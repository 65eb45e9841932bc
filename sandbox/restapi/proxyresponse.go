package restapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// proxyResponse is a function's response to a proxy event.
type proxyResponse struct {
	status  int
	headers http.Header
	body    string
	base64  bool
}

// proxyOutput is the JSON of the response. Any other member makes the response malformed. Only streams may have cookies.
type proxyOutput struct {
	StatusCode        status                     `json:"statusCode"`
	Headers           map[string]json.RawMessage `json:"headers"`
	MultiValueHeaders map[string][]string        `json:"multiValueHeaders"`
	Body              *string                    `json:"body"`
	IsBase64Encoded   bool                       `json:"isBase64Encoded"`
}

// parseResponse parses a buffered response.
func parseResponse(payload []byte) (proxyResponse, error) {
	var out proxyOutput
	if err := decodeStrict(payload, &out); err != nil {
		return proxyResponse{}, err
	}
	output := proxyResponse{status: int(out.StatusCode), base64: out.IsBase64Encoded}
	if out.Body != nil {
		output.body = *out.Body
	}
	var err error
	if output.headers, err = responseHeaders(out.Headers, out.MultiValueHeaders); err != nil {
		return proxyResponse{}, err
	}
	return output, output.check()
}

// check sets the default status and rejects one that is not valid in HTTP.
func (r *proxyResponse) check() error {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.status < 200 || r.status > 599 {
		return fmt.Errorf("statusCode %d is not a valid response status", r.status)
	}
	return nil
}

// responseHeaders merges both forms. A name in both has the distinct values of both (developer guide, "Output format of
// a Lambda function for proxy integration").
func responseHeaders(single map[string]json.RawMessage, multi map[string][]string) (http.Header, error) {
	h := http.Header{}
	for name, values := range multi {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	for name, raw := range single {
		value, err := scalar(raw)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		if values := h.Values(name); len(values) == 0 {
			h.Set(name, value)
		} else if !contains(values, value) {
			h.Add(name, value)
		}
	}
	return h, nil
}

func contains(values []string, value string) bool {
	for _, v := range values {
		if v == value {
			return true
		}
	}
	return false
}

// scalar returns a header's value: a string, a number or a boolean.
func scalar(raw json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	trimmed := strings.TrimSpace(string(raw))
	if trimmed == "" || strings.ContainsAny(trimmed[:1], "{[") {
		return "", errors.New("neither a string nor a number nor a boolean")
	}
	return trimmed, nil
}

// decodeBody returns the body's bytes. It decodes base64 if the API treats the client's first accepted media type as
// binary; otherwise the body is passed on as text.
func (x *exchange) decodeBody(output proxyResponse) ([]byte, error) {
	accept, _, _ := strings.Cut(x.request.Header.Get("Accept"), ",")
	if !output.base64 || !x.document.binary(accept) {
		return []byte(output.body), nil
	}
	body, err := base64.StdEncoding.DecodeString(output.body)
	if err != nil {
		return nil, fmt.Errorf("the function's body is not base64: %w", err)
	}
	return body, nil
}

// remapped are the response headers that API Gateway sets itself. A function's values become x-amzn-Remapped-<name>
// (developer guide, "Amazon API Gateway important notes for REST APIs").
var remapped = map[string]bool{
	"Authorization": true, "Connection": true, "Content-Length": true, "Content-Md5": true, "Date": true,
	"Expect": true, "Host": true, "Max-Forwards": true, "Server": true, "Upgrade": true, "User-Agent": true,
	"Www-Authenticate": true, "X-Amzn-Requestid": true, "X-Amz-Apigw-Id": true,
}

// dropped are headers that API Gateway removes.
var dropped = map[string]bool{"Proxy-Authenticate": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Via": true}

// setHeaders copies a function's headers to the response.
func (x *exchange) setHeaders(from http.Header) {
	to := x.response.Header()
	to.Set("Content-Type", "application/json") // API Gateway's default
	for name, values := range from {
		switch {
		case dropped[name]:
		case remapped[name]:
			to["X-Amzn-Remapped-"+name] = values
		default:
			to[name] = values
		}
	}
}

// write writes a complete response.
func (x *exchange) write(output proxyResponse, body []byte) {
	x.setHeaders(output.headers)
	bodyless := output.status == http.StatusNoContent || output.status == http.StatusNotModified
	if !bodyless {
		x.response.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	x.response.WriteHeader(output.status)
	if !bodyless && x.request.Method != http.MethodHead {
		_, _ = x.response.Write(body) // the client may have disconnected
	}
}
