package handler_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// loggedBy is the log line of a request with these headers.
func loggedBy(t *testing.T, headers map[string]string) (string, map[string]any) {
	t.Helper()
	var log strings.Builder
	h := allStates()[0]
	h.Log = telemetry.NewLogger(&log)
	do(t, &h, item("GET", "a", headers, ""))
	line := map[string]any{}
	if err := json.Unmarshal([]byte(log.String()), &line); err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	return log.String(), line
}

// operations are a valid request for every operation of the API.
func operations() map[string]events.APIGatewayProxyRequest {
	all := map[string]events.APIGatewayProxyRequest{}
	for resource, methods := range (&handler.Handler{}).Routes() {
		for _, method := range methods {
			one := event(method, resource, map[string]string{"id": "a", "key": "a"}, map[string]string{}, "")
			if method == "PUT" || method == "POST" {
				one.Headers["Content-Type"], one.Body = "application/json", `{}`
			}
			all[method+" "+resource] = one
		}
	}
	return all
}

// with is the request with one more header, in these lines.
func with(one events.APIGatewayProxyRequest, name string, lines ...string) events.APIGatewayProxyRequest {
	headers := map[string][]string{name: lines}
	for name, value := range one.Headers {
		headers[name] = []string{value}
	}
	one.MultiValueHeaders = headers
	return one
}

const aDate = "Fri, 02 Jan 2026 03:04:05 GMT"

// malformed are invalid lines of conditional headers (RFC 9110, 8.8.3, 13.1, 5.6.7).
var malformed = map[string][][]string{
	"If-Match": {
		{""}, {" "}, {","}, {"a"}, {`"a`}, {`a"`}, {`"a" "b"`}, {`"a", b`}, {`"a"b`}, {`w/"a"`}, {`W/a`}, {`W/`}, {`W/ "a"`},
		{`*, "a"`}, {`"a", *`}, {`**`}, {`*, *`}, {"*", `"a"`}, {`"a"`, "b"}, {`"a b"`}, {"\"a\tb\""}, {"\"a\x7f\""}, {`'a'`}, {`"a";`}, {`"a"; q=1`},
	},
	"If-Modified-Since": {
		{""}, {"yesterday"}, {"0"}, {"2026-01-02T03:04:05Z"}, {"Fri, 02 Jan 2026 03:04:05"}, {"Fri, 02 Jan 2026 03:04:05 CET"}, {"Fri, 02 Jan 2026 03:04:05 +0000"},
		{"Fri, 32 Jan 2026 03:04:05 GMT"}, {"Friday, 02-Jan-26 03:04:05 EST"}, {aDate + ", " + aDate}, {aDate, aDate}, {`"a"`}, {"*"},
	},
	"If-Range": {{""}, {"a"}, {`"a", "b"`}, {`"a"`, `"b"`}, {"*"}, {"yesterday"}, {`"a" ` + "x"}, {`"a b"`}},
}

// By RFC 9110 a malformed date is ignored; docs/reference/http-rules.md explains why the function rejects it.
func TestAMalformedConditionIsRejectedForEveryMethod(t *testing.T) {
	malformed := maps.Clone(malformed)
	malformed["If-None-Match"], malformed["If-Unmodified-Since"] = malformed["If-Match"], malformed["If-Modified-Since"]
	for operation, request := range operations() {
		t.Run(operation, func(t *testing.T) {
			for name, values := range malformed {
				for _, lines := range values {
					asked := ""
					got := do(t, addressed(&asked), with(request, name, lines...))
					if got.status != 400 || !strings.Contains(got.body, name) && request.HTTPMethod != "HEAD" || asked != "" {
						t.Errorf("%s %q: %d, asked for %q: %s", name, lines, got.status, asked, got.body)
					}
				}
			}
		})
	}
	t.Run("all of them are reported at once", func(t *testing.T) {
		one := operations()["PUT /items/{id}"]
		maps.Copy(one.Headers, map[string]string{"If-Match": "a", "If-None-Match": "b", "If-Modified-Since": "c", "If-Unmodified-Since": "d", "If-Range": "e"})
		got := do(t, addressed(new(string)), one)
		for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
			if !strings.Contains(got.body, name) {
				t.Errorf("%s is not named: %d %s", name, got.status, got.body)
			}
		}
	})
}

func TestWellFormedConditionsAreAccepted(t *testing.T) {
	for name, values := range map[string][]string{
		"If-None-Match":       {`*`, ` * `, `"a"`, `W/"a"`, `"a","b"`, `,"a", ,W/"b",`, `""`, `"!#~"`, `"a\b"`, "\"\u00e9\"", `"a,b"`},
		"If-Modified-Since":   {aDate, "Friday, 02-Jan-26 03:04:05 GMT", "Fri Jan  2 03:04:05 2026"},
		"If-Unmodified-Since": {"Fri, 02 Jan 2099 03:04:05 GMT"},
		"If-Range":            {`"a"`, `W/"a"`, aDate},
	} {
		for _, value := range values {
			if got := do(t, &allStates()[0], with(operations()["GET /files/{key+}"], name, value)); got.status != 200 && got.status != 304 {
				t.Errorf("%s %q: %d %s", name, value, got.status, got.body)
			}
		}
	}
}

// RFC 9110, 5.3 and 5.6.1.2: the lines of a field are one list, and its empty elements are ignored.
func TestAConditionAfterAnEmptyLineIsEvaluated(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		for _, resource := range []string{"/items/{id}", "/files/{key+}"} {
			for name, status := range map[string]int{"If-Match": 412, "If-None-Match": 304} {
				t.Run(method+" "+resource+" with "+name, func(t *testing.T) {
					tag := `"other"`
					if name == "If-None-Match" {
						tag = do(t, &allStates()[0], operations()[method+" "+resource]).header.Get("ETag")
					}
					do(t, &allStates()[0], with(operations()[method+" "+resource], name, "", tag)).expect(t, status, nil)
				})
			}
		}
	}
}

// A condition that the function cannot evaluate must not be ignored.
func TestAWriteRejectsUnsupportedConditions(t *testing.T) {
	for operation, unsupported := range map[string]map[string]string{
		"PUT /items/{id}":    {"If-Modified-Since": aDate, "If-Unmodified-Since": aDate},
		"DELETE /items/{id}": {"If-Modified-Since": aDate, "If-Unmodified-Since": aDate},
		"POST /files/{key+}": {"If-Modified-Since": aDate, "If-Unmodified-Since": aDate, "If-Match": `"a"`, "If-None-Match": "*"},
	} {
		for name, value := range unsupported {
			t.Run(operation+" with "+name, func(t *testing.T) {
				asked := ""
				got := do(t, addressed(&asked), with(operations()[operation], name, value))
				got.expect(t, 400, nil)
				if asked != "" || !strings.Contains(got.body, name) {
					t.Errorf("asked for %q: %s", asked, got.body)
				}
			})
		}
	}
}

// An OPTIONS request selects no representation (RFC 9110, 13.2.1).
func TestAPreflightEvaluatesNoCondition(t *testing.T) {
	h := &handler.Handler{Origins: []string{"*"}}
	do(t, h, item("OPTIONS", "a", map[string]string{"If-Match": "nonsense"}, "")).expect(t, 204, nil)
}

// A representation without an entity tag exists nevertheless (RFC 9110, 13.1.1, 13.1.2).
func TestAReadWithoutAValidatorEvaluatesConditions(t *testing.T) {
	for _, operation := range []string{"GET /items", "HEAD /items", "GET /health", "HEAD /health"} {
		for _, test := range []struct {
			name, value string
			status      int
		}{
			{"If-Match", "*", 200}, {"If-Match", `"a"`, 412}, {"If-Match", `""`, 412}, {"If-None-Match", "*", 304}, {"If-None-Match", `"a"`, 200},
			{"If-Modified-Since", aDate, 200}, {"If-Unmodified-Since", aDate, 200},
		} {
			t.Run(fmt.Sprintf("%s with %s %s", operation, test.name, test.value), func(t *testing.T) {
				got := do(t, &allStates()[0], with(operations()[operation], test.name, test.value))
				got.expect(t, test.status, map[string]string{"Etag": ""})
				if test.status == 304 && (got.body != "" || got.header.Get("Content-Type") != "" || got.header.Get("Cache-Control") == "") {
					t.Errorf("304 with %v %q", got.header, got.body)
				}
			})
		}
	}
}

// RFC 9110, 13.2.2: If-Match first, then If-None-Match.
func TestBothConditionsOfAReadAreEvaluatedInTheirOrder(t *testing.T) {
	for _, test := range []struct {
		match, noneMatch string
		status           int
	}{
		{`"R1"`, `"R1"`, 304}, {`"R1"`, `"R0"`, 200}, {`"R0"`, `"R1"`, 412}, {`"R0"`, `"R0"`, 412}, {`*`, `*`, 304},
	} {
		one := with(with(operations()["GET /items/{id}"], "If-Match", test.match), "X", "")
		one.MultiValueHeaders["If-None-Match"] = []string{test.noneMatch}
		one.MultiValueHeaders["If-Match"] = []string{test.match}
		if got := do(t, &allStates()[0], one); got.status != test.status {
			t.Errorf("If-Match %s and If-None-Match %s: %d, want %d", test.match, test.noneMatch, got.status, test.status)
		}
	}
}

// RFC 9110, 9.3.2: the same header fields, Content-Length included, and no body.
func TestHEADIsGETWithoutItsBody(t *testing.T) {
	for resource := range (&handler.Handler{}).Routes() {
		for _, state := range allStates() {
			get, head := operations()["GET "+resource], operations()["HEAD "+resource]
			want, got := do(t, &state, get), do(t, &state, head)
			if strings.HasPrefix(resource, "/files") { // a stream is redirected or fails only once it is read
				continue
			}
			want.header.Set("Content-Length", fmt.Sprint(len(want.body)))
			if got.status != want.status || got.body != "" || !maps.EqualFunc(got.header, want.header, func(a, b []string) bool { return a[0] == b[0] }) {
				t.Errorf("%s: HEAD %d %v %q, GET %d %v", resource, got.status, got.header, got.body, want.status, want.header)
			}
		}
	}
}

// RFC 9110, 9.3.1.
func TestTheBodyOfAReadIsIgnored(t *testing.T) {
	for _, operation := range []string{"GET /items", "GET /items/{id}", "HEAD /items/{id}", "GET /files/{key+}", "HEAD /files/{key+}", "GET /health"} {
		one := operations()[operation]
		want := do(t, &allStates()[0], one)
		one.Body, one.Headers["Content-Type"], one.Headers["Content-Encoding"] = `{"limit":0`, "application/json", "gzip"
		if got := do(t, &allStates()[0], one); got.status != want.status || got.status != 200 {
			t.Errorf("%s with a body: %d, without: %d", operation, got.status, want.status)
		}
	}
}

// A range or an unknown coding must not be stored as the complete body.
func TestAWriteRejectsPartialAndEncodedBodies(t *testing.T) {
	for _, operation := range []string{"PUT /items/{id}", "POST /files/{key+}"} {
		for _, test := range []struct {
			name, value string
			status      int
			want        map[string]string
		}{
			{"Content-Range", "bytes 0-1/2", 400, nil},
			{"Content-Range", "nonsense", 400, nil},
			{"Content-Encoding", "gzip", 415, map[string]string{"Accept-Encoding": "identity"}},
			{"Content-Encoding", "identity, br", 415, map[string]string{"Accept-Encoding": "identity"}},
			{"Content-Encoding", "Identity", 0, nil},
			{"Range", "bytes=0-1", 0, nil},
			{"Accept", "image/png", 0, nil},
			{"Accept-Encoding", "identity;q=0", 0, nil},
			{"Expect", "100-continue", 0, nil},
			{"Prefer", "return=minimal", 0, nil},
		} {
			t.Run(operation+" with "+test.name+" "+test.value, func(t *testing.T) {
				asked := ""
				got := do(t, addressed(&asked), with(operations()[operation], test.name, test.value))
				if test.status == 0 {
					if got.status >= 300 || asked == "" {
						t.Errorf("%d %s", got.status, got.body)
					}
					return
				}
				got.expect(t, test.status, test.want)
				if asked != "" {
					t.Errorf("asked for %s", asked)
				}
			})
		}
	}
}

// RFC 9110, 14.2: only one range of bytes in a GET is a range.
func TestAnInvalidRangeIsIgnored(t *testing.T) {
	for _, lines := range [][]string{
		{"bytes=0-0,5-6"}, {"bytes=2-4,"}, {"bytes=2-4", "bytes=5-6"}, {"bytes=4-2"}, {"bytes=-"}, {"bytes=a-b"}, {"bytes"}, {""}, {"lines=2-4"},
		{"bytes=2-4;"}, {"bytes=+2-4"}, {"bytes=2--4"}, {"bytes=0x2-4"}, {"bytes=2.0-4"},
	} {
		if got := do(t, &allStates()[0], with(operations()["GET /files/{key+}"], "Range", lines...)); got.status != 200 || got.body != "0123456789" {
			t.Errorf("Range %q: %d %q", lines, got.status, got.body)
		}
	}
	if got := do(t, &allStates()[0], with(operations()["GET /items/{id}"], "Range", "bytes=0-0")); got.status != 200 || got.header.Get("Accept-Ranges") != "" {
		t.Errorf("a range of an item: %d %v", got.status, got.header)
	}
}

// RFC 9457, 4.2.1: without a type of its own a problem has the status phrase of RFC 9110 for its title.
func TestAProblemsTitleIsItsStatusPhrase(t *testing.T) {
	titles := map[int]string{
		400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 412: "Precondition Failed", 413: "Content Too Large",
		415: "Unsupported Media Type", 416: "Range Not Satisfiable", 422: "Unprocessable Content", 500: "Internal Server Error", 503: "Service Unavailable",
	}
	seen := map[int]bool{}
	for resource, methods := range (&handler.Handler{}).Routes() {
		for _, method := range append(methods, "PATCH") {
			for _, h := range allStates() {
				for _, request := range requests(method, resource) {
					got := do(t, &h, request)
					if got.header.Get("Content-Type") != "application/problem+json" || got.body == "" {
						continue
					}
					var problem map[string]any
					if err := json.Unmarshal([]byte(got.body), &problem); err != nil || problem["title"] != titles[got.status] || problem["status"] != float64(got.status) {
						t.Fatalf("%d: %v, %s", got.status, err, got.body)
					}
					seen[got.status] = true
				}
			}
		}
	}
	do(t, &handler.Handler{}, event(http.MethodGet, "/nothing", nil, nil, "")).expect(t, 404, nil)
	if len(seen) != len(titles) {
		t.Errorf("seen %v", seen)
	}
}

// RFC 9110, 10.2.3 and 15.6.4.
func TestUnavailableResponsesHaveRetryAfter(t *testing.T) {
	h := &handler.Handler{Items: items{get: func(string) (store.Item, cache.Status, error) {
		return store.Item{}, "", fault.NewUnavailable(fault.Database, fmt.Errorf("refused"))
	}}}
	if got := do(t, h, item("GET", "a", nil, "")); got.status != 503 || strings.Trim(got.header.Get("Retry-After"), "0123456789") != "" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %v", got.status, got.header)
	}
}
