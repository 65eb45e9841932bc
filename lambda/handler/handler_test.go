package handler_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// items implements handler.Items with functions.
type items struct {
	get  func(id string) (store.Item, cache.Status, error)
	list func(after string, limit int) (store.Page, error)
	put  func(id string, body json.RawMessage, condition store.Condition) (store.Item, bool, error)
	del  func(id string, condition store.Condition) error
}

func (i items) Get(_ context.Context, id string) (store.Item, cache.Status, error) { return i.get(id) }

func (i items) List(_ context.Context, after string, limit, _ int) (store.Page, error) {
	return i.list(after, limit)
}

func (i items) Put(_ context.Context, id string, body json.RawMessage, condition store.Condition) (store.Item, bool, error) {
	return i.put(id, body, condition)
}

func (i items) Delete(_ context.Context, id string, condition store.Condition) error {
	return i.del(id, condition)
}

// bucket implements handler.Files with functions.
type bucket struct {
	open   func(key, rng, etag string) (files.Object, error)
	stat   func(key string) (files.Object, error)
	link   func(key string, header http.Header) (string, error)
	upload func(key string, size int64, contentType string) (files.Upload, error)
	parts  func(key, uploadID string, size int64, first int32) (files.Upload, error)
}

func (b bucket) Open(_ context.Context, key, rng, etag string) (files.Object, error) {
	return b.open(key, rng, etag)
}
func (b bucket) Stat(_ context.Context, key string) (files.Object, error) { return b.stat(key) }
func (b bucket) Link(_ context.Context, key string, header http.Header) (string, error) {
	return b.link(key, header)
}

func (b bucket) Upload(_ context.Context, key string, size int64, contentType string) (files.Upload, error) {
	return b.upload(key, size, contentType)
}

func (b bucket) Parts(_ context.Context, key, uploadID string, size int64, first int32) (files.Upload, error) {
	return b.parts(key, uploadID, size, first)
}

// clientResponse is a response, buffered or streamed, as the client receives it.
type clientResponse struct {
	status int
	header http.Header
	body   string
	err    error // of the stream
}

// do serves a request and parses the response.
func do(t *testing.T, h *handler.Handler, event events.APIGatewayProxyRequest) clientResponse {
	t.Helper()
	if h.Log == nil {
		h.Log = slog.New(slog.DiscardHandler)
	}
	event.RequestContext.RequestID = "request-1"
	served, err := h.Serve(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	got := clientResponse{header: http.Header{}}
	var headers map[string]string
	switch response := served.(type) {
	case events.APIGatewayProxyResponse:
		got.status, got.body, headers = response.StatusCode, response.Body, response.Headers
	case *events.APIGatewayProxyStreamingResponse:
		body, err := io.ReadAll(response.Body)
		got.status, got.body, got.err, headers = response.StatusCode, string(body), err, response.Headers
		if err := response.Close(); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("the response is a %T", served)
	}
	for name, value := range headers {
		got.header.Set(name, value)
	}
	if got.header.Get("X-Request-Id") != "request-1" {
		t.Errorf("the response does not have the request's id: %v", got.header)
	}
	return got
}

// event builds a request as API Gateway would.
func event(method, resource string, parameters, headers map[string]string, body string) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		HTTPMethod: method, Resource: resource, PathParameters: parameters, Headers: headers, Body: body,
	}
}

func item(method, id string, headers map[string]string, body string) events.APIGatewayProxyRequest {
	return event(method, "/items/{id}", map[string]string{"id": id}, headers, body)
}

// detailOf returns the detail of a problem.
func detailOf(t *testing.T, body string) string {
	t.Helper()
	var problem struct{ Detail string }
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return problem.Detail
}

func (a clientResponse) expect(t *testing.T, status int, headers map[string]string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	for name, want := range headers {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if a.status < 400 {
		return
	}
	var problem struct {
		Status    int
		Title     string
		RequestID string `json:"request_id"`
	}
	if a.body != "" && (json.Unmarshal([]byte(a.body), &problem) != nil || problem.Status != status || problem.Title == "" || problem.RequestID != "request-1") {
		t.Errorf("not a problem: %s", a.body)
	}
	if a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a problem has the content type %q", a.header.Get("Content-Type"))
	}
}

var when = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)

var stored = store.Item{ID: "a", Body: json.RawMessage(`{"n":1}`), Revision: "R1", UpdatedAt: when}

func TestRouting(t *testing.T) {
	h := &handler.Handler{}
	tests := map[string]struct {
		event  events.APIGatewayProxyRequest
		status int
		allow  string
	}{
		"an unknown resource":                 {event("GET", "/{proxy+}", nil, nil, ""), 404, ""},
		"the root":                            {event("GET", "/", nil, nil, ""), 404, ""},
		"an event that is not API Gateway's":  {events.APIGatewayProxyRequest{}, 404, ""},
		"a method that items do not have":     {event("POST", "/items", nil, nil, ""), 405, "GET, HEAD"},
		"a method that an item does not have": {item("PATCH", "a", nil, ""), 405, "DELETE, GET, HEAD, PUT"},
		"a method that a file does not have":  {event("PUT", "/files/{key+}", map[string]string{"key": "a"}, nil, ""), 405, "GET, HEAD, POST"},
		"a method that health does not have":  {event("DELETE", "/health", nil, nil, ""), 405, "GET, HEAD"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			do(t, h, test.event).expect(t, test.status, map[string]string{"Allow": test.allow})
		})
	}
}

func TestGetItem(t *testing.T) {
	h := &handler.Handler{Items: items{get: func(id string) (store.Item, cache.Status, error) {
		switch id {
		case "a":
			return stored, cache.Hit, nil
		case "down":
			return store.Item{}, "", fault.NewUnavailable("database", errors.New("10.0.0.7 refused"))
		case "broken":
			panic("secret internals")
		}
		return store.Item{}, cache.Miss, fault.New(fault.NotFound, "there is no such item")
	}}}
	tests := map[string]struct {
		id      string
		headers map[string]string
		status  int
		want    map[string]string
		body    string
	}{
		"an item":                      {id: "a", status: 200, want: map[string]string{"ETag": `"R1"`, "X-Cache": "hit", "Content-Type": "application/json"}, body: `{"id":"a","body":{"n":1},"updated_at":"2026-01-02T03:04:05.678901Z"}` + "\n"},
		"an item the client has":       {id: "a", headers: map[string]string{"if-none-match": `W/"x", "R1"`}, status: 304, want: map[string]string{"ETag": `"R1"`, "X-Cache": "hit"}},
		"an item by its weak tag":      {id: "a", headers: map[string]string{"If-None-Match": `W/"R1"`}, status: 304},
		"any item the client has":      {id: "a", headers: map[string]string{"If-None-Match": `*`}, status: 304},
		"an item of another version":   {id: "a", headers: map[string]string{"If-None-Match": `"R0"`}, status: 200},
		"an item that must match":      {id: "a", headers: map[string]string{"If-Match": `"R1"`}, status: 200},
		"an item that does not match":  {id: "a", headers: map[string]string{"If-Match": `"R0"`}, status: 412, want: map[string]string{"X-Cache": "hit"}},
		"a missing item":               {id: "b", status: 404, want: map[string]string{"X-Cache": "miss"}},
		"an invalid id":                {id: "a%20b", status: 404, want: map[string]string{"X-Cache": ""}},
		"an item without the database": {id: "down", status: 503, want: map[string]string{"Retry-After": "2"}},
		"an item that causes a panic":  {id: "broken", status: 500},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := do(t, h, item("GET", test.id, test.headers, ""))
			got.expect(t, test.status, test.want)
			if test.body != "" && got.body != test.body {
				t.Errorf("body %s", got.body)
			}
			for _, internal := range []string{"10.0.0.7", "secret internals", "panic", ".go:"} {
				if strings.Contains(got.body, internal) {
					t.Errorf("the response leaks %q: %s", internal, got.body)
				}
			}
		})
	}
}

func TestPutItem(t *testing.T) {
	var wrote json.RawMessage
	var asked store.Condition
	h := &handler.Handler{Items: items{put: func(id string, body json.RawMessage, condition store.Condition) (store.Item, bool, error) {
		if asked = condition; len(condition.Revisions) > 0 && condition.Revisions[0] == "R0" {
			return store.Item{}, false, fault.New(fault.Precondition, "changed")
		}
		wrote = body
		return store.Item{ID: id, Body: body, Revision: "R2", UpdatedAt: when}, id == "new", nil
	}}}
	json := func(more ...string) map[string]string {
		headers := map[string]string{"content-type": "application/json"}
		for i := 0; i < len(more); i += 2 {
			headers[more[i]] = more[i+1]
		}
		return headers
	}
	longest := `"` + strings.Repeat("x", 256<<10-2) + `"`
	tests := map[string]struct {
		id, body string
		headers  map[string]string
		status   int
		want     map[string]string
	}{
		"a new item":                     {"new", `{}`, json(), 201, map[string]string{"ETag": `"R2"`, "Location": ""}},
		"an existing item":               {"a", `{}`, json(), 200, map[string]string{"ETag": `"R2"`, "Location": ""}},
		"null":                           {"a", `null`, json(), 200, nil},
		"the longest body":               {"a", longest, json(), 200, nil},
		"a body of one byte more":        {"a", longest + " ", json(), 413, nil},
		"a type of JSON's family":        {"a", `{}`, map[string]string{"Content-Type": "application/merge-patch+json; charset=UTF-8"}, 200, nil},
		"another type":                   {"a", `{}`, map[string]string{"Content-Type": "text/plain"}, 415, nil},
		"no type":                        {"a", `{}`, nil, 415, nil},
		"another character set":          {"a", `{}`, map[string]string{"Content-Type": "application/json; charset=latin1"}, 415, nil},
		"no body":                        {"a", ``, json(), 422, nil},
		"no JSON":                        {"a", `{"a":}`, json(), 422, nil},
		"two JSON texts":                 {"a", `{} {}`, json(), 422, nil},
		"no UTF-8":                       {"a", "\"\xff\"", json(), 422, nil},
		"an invalid id":                  {"a/b", `{}`, json(), 422, nil},
		"an id that is too long":         {strings.Repeat("a", 129), `{}`, json(), 422, nil},
		"a condition that holds":         {"a", `{}`, json("If-Match", `"R1"`), 200, nil},
		"a condition that does not hold": {"a", `{}`, json("If-Match", `"R0"`), 412, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			wrote = nil
			do(t, h, item("PUT", test.id, test.headers, test.body)).expect(t, test.status, test.want)
			if (test.status < 300) != (wrote != nil) {
				t.Errorf("wrote %.40q", wrote)
			}
		})
	}
	for _, test := range []struct{ name, body, detail string }{
		{"nesting that is too deep", strings.Repeat("[", 61) + strings.Repeat("]", 61), "the body is JSON that not every client can read: more than 60 levels of arrays and objects at byte 60"},
		{"a number that is too large for a double", `[1e999999999]`, "the body is JSON that not every client can read: a number with an exponent of more than 4 digits at byte 1"},
		{"a number of 200,000 digits", strings.Repeat("9", 200_000), "the body is JSON that not every client can read: a number of more than 1077 characters at byte 0"},
		{"half a surrogate pair", `{"a":"\ud800"}`, "the body is JSON that not every client can read: a surrogate without its other half at byte 6"},
		{"a name twice", `{"a":1,"a":2}`, "the body is JSON that not every client can read: a name that another member of the object has at byte 7"},
		// API Gateway replaces bytes that are not UTF-8 by it.
		{"a replacement character", "\"a\ufffd\"", "the body is not a JSON text in UTF-8: U+FFFD, which stands for bytes that are not UTF-8 (write a real one as \\ufffd) at byte 2"},
		{"no JSON", `{"a":}`, "the body is not a JSON text in UTF-8: no value at byte 5"},
	} {
		t.Run("JSON that some clients cannot read is rejected: "+test.name, func(t *testing.T) {
			wrote = nil
			got := do(t, h, item("PUT", "a", json(), test.body))
			got.expect(t, 422, nil)
			if detail := detailOf(t, got.body); detail != test.detail || wrote != nil {
				t.Errorf("%s; wrote %.40q", detail, wrote)
			}
		})
	}
	t.Run("a replacement character in base64, which the client sent", func(t *testing.T) {
		e := item("PUT", "a", json(), base64.StdEncoding.EncodeToString([]byte("\"\ufffd\"")))
		e.IsBase64Encoded = true
		do(t, h, e).expect(t, 200, nil)
	})
	t.Run("a body in base64", func(t *testing.T) {
		e := item("PUT", "a", json(), base64.StdEncoding.EncodeToString([]byte(`{"é":1}`)))
		e.IsBase64Encoded = true
		do(t, h, e).expect(t, 200, nil)
		if string(wrote) != `{"é":1}` {
			t.Errorf("wrote %s", wrote)
		}
	})
	t.Run("conditions are read", func(t *testing.T) {
		for _, test := range []struct {
			headers map[string]string
			want    store.Condition
		}{
			{json(), store.Condition{}},
			{json("If-Match", `W/"weak", "R1" , "R2"`), store.Condition{Revisions: []string{"R1", "R2"}}},
			{json("If-Match", `*`), store.Condition{MustExist: true}},
			{json("If-None-Match", `*`), store.Condition{MustNotExist: true}},
			{json("If-None-Match", `W/"R1", "R2"`), store.Condition{NotRevisions: []string{"R1", "R2"}}},
			{json("If-Match", `W/"weak"`), store.Condition{Revisions: []string{}}},
			{json("If-Match", ` ,"R1",, "R2", `), store.Condition{Revisions: []string{"R1", "R2"}}},
			{json("If-Match", `"R1"`, "If-None-Match", `*`), store.Condition{Revisions: []string{"R1"}, MustNotExist: true}},
			{json("If-Match", `*`, "If-None-Match", `"R1"`), store.Condition{MustExist: true, NotRevisions: []string{"R1"}}},
		} {
			do(t, h, item("PUT", "a", test.headers, `1`))
			if !reflect.DeepEqual(asked, test.want) {
				t.Errorf("%v asked %+v, want %+v", test.headers, asked, test.want)
			}
		}
	})
}

func TestDeleteItem(t *testing.T) {
	h := &handler.Handler{Items: items{del: func(id string, condition store.Condition) error {
		switch {
		case id != "a":
			return fault.New(fault.NotFound, "there is no such item")
		case condition.Revisions != nil:
			return fault.New(fault.Precondition, "changed")
		}
		return nil
	}}}
	got := do(t, h, item("DELETE", "a", nil, ""))
	got.expect(t, 204, nil)
	if got.body != "" {
		t.Errorf("204 with the body %q", got.body)
	}
	do(t, h, item("DELETE", "b", nil, "")).expect(t, 404, nil)
	do(t, h, item("DELETE", "..", nil, "")).expect(t, 404, nil)
	do(t, h, item("DELETE", "a", map[string]string{"If-Match": `"R0"`}, "")).expect(t, 412, nil)
}

func TestListItems(t *testing.T) {
	h := &handler.Handler{Items: items{list: func(after string, limit int) (store.Page, error) {
		if after == "" && limit == 1 {
			return store.Page{Items: []store.Item{stored}, More: true}, nil
		}
		return store.Page{}, nil
	}}}
	list := func(query map[string]string) clientResponse {
		e := event("GET", "/items", nil, nil, "")
		e.QueryStringParameters = query
		return do(t, h, e)
	}
	var page struct {
		Items      []struct{ ID string }
		NextCursor *string `json:"next_cursor"`
	}
	first := list(map[string]string{"limit": "1"})
	first.expect(t, 200, map[string]string{"X-Cache": "bypass"})
	if want := `{"items":[{"id":"a","body":{"n":1},"updated_at":"2026-01-02T03:04:05.678901Z"}],"next_cursor":"1a"}` + "\n"; first.body != want {
		t.Errorf("first page %s, want %s", first.body, want)
	}
	if err := json.Unmarshal([]byte(first.body), &page); err != nil || len(page.Items) != 1 || page.NextCursor == nil {
		t.Fatalf("first page %s, %v", first.body, err)
	}
	last := list(map[string]string{"limit": "1", "cursor": *page.NextCursor})
	last.expect(t, 200, nil)
	if last.body != `{"items":[],"next_cursor":null}`+"\n" {
		t.Fatalf("last page %s", last.body)
	}
	for _, query := range []map[string]string{
		{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"limit": "1.5"}, {"cursor": "x"}, {"cursor": "!"}, {"cursor": *page.NextCursor + "/"}, {"cursor": "2a"}, {"cursor": "1"}, {"cursor": ""}, {"limit": ""},
	} {
		list(query).expect(t, 400, nil)
	}
}

func TestTheLogHasTheRouteAndNothingOfTheClient(t *testing.T) {
	var log strings.Builder
	h := &handler.Handler{
		Log:   telemetry.NewLogger(&log),
		Meter: telemetry.Meter{Namespace: "shop/function", Function: "shop-dev-api"},
		Items: items{get: func(string) (store.Item, cache.Status, error) {
			return stored, cache.Hit, nil
		}},
	}
	e := item("GET", "jane.doe", map[string]string{"Authorization": "Bearer token", "User-Agent": "agent", "X-Amzn-Trace-Id": "Self=2;Root=1-58406520-a006649127e371903a2de979;Sampled=0"}, "")
	e.Path, e.RequestContext.Identity.SourceIP = "/items/jane.doe", "203.0.113.9"
	do(t, h, e)
	for _, want := range []string{`"request_id":"request-1"`, `"resource":"/items/{id}"`, `"status":200`, `"cache":"hit"`, `"trace_id":"1-58406520-a006649127e371903a2de979"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log.String())
		}
	}
	for _, private := range []string{"jane", "token", "203.0.113.9", "agent"} {
		if strings.Contains(log.String(), private) {
			t.Errorf("the log has %q: %s", private, log.String())
		}
	}
}
