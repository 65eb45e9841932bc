package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/runtimeapi"
)

// Handle serves one request of API Gateway, given as the JSON of its event.
func (h *Handler) Handle(ctx context.Context, text []byte) (runtimeapi.Response, error) {
	r, err := readEvent(text)
	if err != nil {
		return runtimeapi.Response{}, fmt.Errorf("reading the event: %w", err)
	}
	complete, stream := h.serve(ctx, r)
	if stream != nil {
		return runtimeapi.Response{Stream: stream}, nil
	}
	return runtimeapi.Response{Payload: complete}, nil
}

// readEvent parses an event of API Gateway. It reads only what the handler uses, in a fraction of the time that
// reflection takes for the entire event, which is longer than a Redis round trip. It does not validate what it
// skips, because the platform only accepts JSON as an event. Whatever is not as API Gateway sends it is left to
// encoding/json, whose rules then apply.
func readEvent(text []byte) (*request, error) {
	if utf8.Valid(text) {
		// One copy of the text; all strings are slices of it.
		reader, r := eventReader{text: string(text)}, &request{}
		if reader.event(r) {
			return r, nil
		}
	}
	var event events.APIGatewayProxyRequest
	if err := json.Unmarshal(text, &event); err != nil {
		return nil, err
	}
	return newRequest(event), nil
}

// eventReader is a JSON reader. failed is set at the first unexpected input.
type eventReader struct {
	text   string
	at     int
	failed bool
}

// Initial capacities, enough for most requests.
const (
	usualHeaders    = 32
	usualParameters = 4
)

func (r *eventReader) event(to *request) bool {
	headers, parameters := -1, -1 // offsets of the single-value forms
	r.object(func(name string) {
		switch name {
		case "resource":
			to.resource = r.string()
		case "path":
			to.rawPath = r.string()
		case "httpMethod":
			to.method = r.string()
		case "headers":
			headers = r.skipFrom()
		case "multiValueHeaders":
			to.header = r.lists(usualHeaders)
		case "queryStringParameters":
			parameters = r.skipFrom()
		case "multiValueQueryStringParameters":
			to.query = r.lists(usualParameters)
		case "pathParameters":
			to.path = r.strings(usualParameters)
		case "requestContext":
			r.requestContext(to)
		case "body":
			to.rawBody = r.string()
		case "isBase64Encoded":
			to.isBase64 = r.next() == 't'
			r.skip()
		default:
			r.skip()
		}
	})
	complete := r.next() == 0
	if len(to.header) == 0 {
		to.header = r.stringsAt(headers, usualHeaders)
	}
	if len(to.query) == 0 {
		to.query = r.stringsAt(parameters, usualParameters)
	}
	return complete && !r.failed
}

// requestContext reads the request's id and who made it.
func (r *eventReader) requestContext(to *request) {
	var principal, caller string
	r.object(func(name string) {
		switch name {
		case "requestId":
			to.id = r.string()
		case "authorizer":
			r.member("principalId", &principal)
		case "identity":
			r.member("caller", &caller)
		default:
			r.skip()
		}
	})
	to.caller = callerOf(principal, caller)
}

// member reads one string of an object.
func (r *eventReader) member(wanted string, to *string) {
	r.object(func(name string) {
		if name == wanted {
			*to = r.string()
			return
		}
		r.skip()
	})
}

// next skips white space and returns the next byte, or 0 at the end.
func (r *eventReader) next() byte {
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// consume reports whether c is next, and skips it if so.
func (r *eventReader) consume(c byte) bool {
	if r.failed || r.next() != c {
		return false
	}
	r.at++
	return true
}

// skipNull skips a null, which counts as an absent value.
func (r *eventReader) skipNull() bool {
	if r.next() != 'n' || !strings.HasPrefix(r.text[r.at:], "null") {
		return false
	}
	r.at += len("null")
	return true
}

// object calls member with each name of an object; member must read or skip the value.
func (r *eventReader) object(member func(name string)) {
	if r.skipNull() {
		return
	}
	r.sequence('{', '}', func() {
		name := r.string()
		if !r.consume(':') {
			r.failed = true
		}
		member(name)
	})
}

// sequence calls element for each element between two brackets.
func (r *eventReader) sequence(first, last byte, element func()) {
	if !r.consume(first) {
		r.failed = true
		return
	}
	if r.consume(last) {
		return
	}
	for !r.failed {
		element()
		if r.consume(last) {
			return
		}
		if !r.consume(',') {
			r.failed = true
		}
	}
}

func (r *eventReader) strings(usual int) []field {
	if r.skipNull() {
		return nil
	}
	all, values := make([]field, 0, usual), make([]string, 0, usual)
	r.object(func(name string) {
		values = append(values, r.string())
		end := len(values)
		all = append(all, field{name, values[end-1 : end : end]})
	})
	return all
}

// stringsAt reads the object of strings at an offset; -1 means there is none.
func (r *eventReader) stringsAt(at, usual int) []field {
	if at < 0 {
		return nil
	}
	r.at = at
	return r.strings(usual)
}

func (r *eventReader) lists(usual int) []field {
	if r.skipNull() {
		return nil
	}
	all, values := make([]field, 0, usual), make([]string, 0, usual)
	r.object(func(name string) {
		if r.skipNull() {
			all = append(all, field{name: name})
			return
		}
		first := len(values)
		r.sequence('[', ']', func() { values = append(values, r.string()) })
		all = append(all, field{name, values[first:len(values):len(values)]})
	})
	return all
}

// skipFrom skips a value and returns its offset.
func (r *eventReader) skipFrom() int {
	at := r.at
	r.skip()
	return at
}

// string reads a string; null is an empty string.
func (r *eventReader) string() string {
	if r.skipNull() {
		return ""
	}
	start := r.at
	if !r.skipString() {
		return ""
	}
	literal := r.text[start:r.at]
	if plain := literal[1 : len(literal)-1]; strings.IndexByte(plain, '\\') < 0 {
		return plain
	}
	return r.unescape(literal)
}

func (r *eventReader) unescape(literal string) (value string) {
	if json.Unmarshal([]byte(literal), &value) != nil {
		r.failed = true
	}
	return value
}

// skipString skips a string.
func (r *eventReader) skipString() bool {
	if !r.consume('"') {
		r.failed = true
		return false
	}
	for r.at < len(r.text) {
		end := strings.IndexByte(r.text[r.at:], '"')
		if end < 0 {
			break
		}
		r.at += end + 1
		backslashes := 0
		for i := r.at - 2; r.text[i] == '\\'; i-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			return true
		}
	}
	r.failed = true
	return false
}

// skip skips a value of any type.
func (r *eventReader) skip() {
	depth := 0
	for !r.failed {
		switch c := r.next(); c {
		case 0:
			r.failed = true
		case '"':
			r.skipString()
		case '{', '[':
			depth++
			r.at++
		case '}', ']':
			depth--
			r.at++
		case ',', ':':
			r.at++
			continue
		default:
			for r.at < len(r.text) && !strings.ContainsRune(",:{}[] \t\r\n\"", rune(r.text[r.at])) {
				r.at++
			}
		}
		if depth <= 0 {
			return
		}
	}
}
