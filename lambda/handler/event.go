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

// Handle answers one request of API Gateway: events come and answers go as text.
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

// readEvent reads from a request of API Gateway what a handler asks for, in a
// fraction of the time that reflection takes over the whole event, which is more
// than Redis takes to answer. It trusts the platform, which takes nothing but
// JSON for an event, in what it goes past. What is not as API Gateway sends it
// is left to encoding/json, which knows the rules for that.
func readEvent(text []byte) (*request, error) {
	if utf8.Valid(text) {
		// One copy, of which all strings are parts.
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

// eventReader goes through a JSON text. It is failed once it met something
// that it does not take.
type eventReader struct {
	text   string
	at     int
	failed bool
}

// Room for what most requests have.
const (
	usualHeaders    = 32
	usualParameters = 4
)

func (r *eventReader) event(to *request) bool {
	headers, parameters := -1, -1 // where their plain form is
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
			r.object(func(name string) {
				if name == "requestId" {
					to.id = r.string()
					return
				}
				r.skip()
			})
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

// next returns the first byte of what follows, 0 at the end.
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

// take reports whether c follows, and goes past it.
func (r *eventReader) consume(c byte) bool {
	if r.failed || r.next() != c {
		return false
	}
	r.at++
	return true
}

// null goes past a null, which stands for nothing.
func (r *eventReader) skipNull() bool {
	if r.next() != 'n' || !strings.HasPrefix(r.text[r.at:], "null") {
		return false
	}
	r.at += len("null")
	return true
}

// object calls member for each of an object's; member goes past its value.
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

// sequence calls element before each of the elements between two brackets.
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

// stringsAt goes back to an object of strings; nowhere is -1.
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

// pass goes past any value and returns where it was.
func (r *eventReader) skipFrom() int {
	at := r.at
	r.skip()
	return at
}

// string returns the string that follows; a null is an empty one.
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

// skipString goes past a string.
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

// skip goes past any value.
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
