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

// proxyReply is what a function answers to a proxy event.
type proxyReply struct {
	status  int
	headers http.Header
	body    string
	base64  bool
}

// proxyOutput is the reply's JSON. A member that is not one of these makes the
// reply malformed. Cookies are for streams alone.
type proxyOutput struct {
	StatusCode        status                     `json:"statusCode"`
	Headers           map[string]json.RawMessage `json:"headers"`
	MultiValueHeaders map[string][]string        `json:"multiValueHeaders"`
	Body              *string                    `json:"body"`
	IsBase64Encoded   bool                       `json:"isBase64Encoded"`
}

// parseReply reads a buffered reply.
func parseReply(payload []byte) (proxyReply, error) {
	var out proxyOutput
	if err := decodeStrict(payload, &out); err != nil {
		return proxyReply{}, err
	}
	reply := proxyReply{status: int(out.StatusCode), base64: out.IsBase64Encoded}
	if out.Body != nil {
		reply.body = *out.Body
	}
	var err error
	if reply.headers, err = replyHeaders(out.Headers, out.MultiValueHeaders); err != nil {
		return proxyReply{}, err
	}
	return reply, reply.check()
}

// check gives the status its default and refuses one that HTTP cannot carry.
func (r *proxyReply) check() error {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.status < 200 || r.status > 599 {
		return fmt.Errorf("statusCode %d is not one of an answer", r.status)
	}
	return nil
}

// replyHeaders merges both forms; a name in both has the values of both once
// (developer guide, "Output format of a Lambda function for proxy integration").
func replyHeaders(single map[string]json.RawMessage, multi map[string][]string) (http.Header, error) {
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

// scalar is a header's value: a string, a number or a boolean.
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

// decodeBody is the body's bytes: base64 is decoded when the API treats what
// the client accepts first as binary, else it is passed on as text.
func (x *exchange) decodeBody(reply proxyReply) ([]byte, error) {
	accept, _, _ := strings.Cut(x.request.Header.Get("Accept"), ",")
	if !reply.base64 || !x.document.binary(accept) {
		return []byte(reply.body), nil
	}
	body, err := base64.StdEncoding.DecodeString(reply.body)
	if err != nil {
		return nil, fmt.Errorf("the function's body is not base64: %w", err)
	}
	return body, nil
}

// remapped are the response headers that API Gateway sets itself: a function's
// own arrive as x-amzn-Remapped-<name> (developer guide, "Amazon API Gateway
// important notes for REST APIs").
var remapped = map[string]bool{
	"Authorization": true, "Connection": true, "Content-Length": true, "Content-Md5": true, "Date": true,
	"Expect": true, "Host": true, "Max-Forwards": true, "Server": true, "Upgrade": true, "User-Agent": true,
	"Www-Authenticate": true, "X-Amzn-Requestid": true, "X-Amz-Apigw-Id": true,
}

// dropped never leave API Gateway.
var dropped = map[string]bool{"Proxy-Authenticate": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Via": true}

// setHeaders puts a reply's headers into the answer.
func (x *exchange) setHeaders(from http.Header) {
	to := x.answer.Header()
	to.Set("Content-Type", "application/json") // the platform's default
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

// write answers with a whole reply.
func (x *exchange) write(reply proxyReply, body []byte) {
	x.setHeaders(reply.headers)
	bodyless := reply.status == http.StatusNoContent || reply.status == http.StatusNotModified
	if !bodyless {
		x.answer.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	x.answer.WriteHeader(reply.status)
	if !bodyless && x.request.Method != http.MethodHead {
		_, _ = x.answer.Write(body) // a client that has left needs no answer
	}
}
