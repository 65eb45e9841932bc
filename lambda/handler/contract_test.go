package handler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/docs"
	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
)

// openAPI is the API's document.
type openAPI struct {
	Paths map[string]map[string]yaml.Node
}

type operation struct {
	Parameters []parameter
	Responses  map[string]struct {
		Headers map[string]yaml.Node
	}
}

type parameter struct {
	Name, In string
	Required bool
	Schema   struct {
		Minimum, Maximum, Default int
		MinLength                 int `yaml:"minLength"`
		MaxLength                 int `yaml:"maxLength"`
	}
}

// parameter returns the parameter of that name and location; nil if there is none.
func (o operation) parameter(name, in string) *parameter {
	for i := range o.Parameters {
		if o.Parameters[i].Name == name && o.Parameters[i].In == in {
			return &o.Parameters[i]
		}
	}
	return nil
}

var methods = []string{"get", "head", "post", "put", "patch", "delete", "options"}

func document(t *testing.T) (openAPI, map[string]operation) {
	t.Helper()
	text, err := os.ReadFile("../openapi/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var promised openAPI
	if err := yaml.Unmarshal(text, &promised); err != nil {
		t.Fatal(err)
	}
	operations := map[string]operation{}
	for path, nodes := range promised.Paths {
		for method, node := range nodes {
			if !slices.Contains(methods, method) {
				continue
			}
			var one operation
			if err := node.Decode(&one); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			for status, response := range one.Responses {
				named := map[string]yaml.Node{}
				for header, node := range response.Headers {
					named[http.CanonicalHeaderKey(header)] = node
				}
				response.Headers = named
				one.Responses[status] = response
			}
			operations[strings.ToUpper(method)+" "+path] = one
		}
	}
	return promised, operations
}

func TestTheDocumentHasTheHandlersRoutes(t *testing.T) {
	_, operations := document(t)
	promised := slices.Sorted(maps.Keys(operations))
	var responded []string
	for resource, methods := range (&handler.Handler{}).Routes() {
		for _, method := range methods {
			responded = append(responded, method+" "+resource)
		}
	}
	if slices.Sort(responded); !slices.Equal(promised, responded) {
		t.Errorf("the document has %q, the handler %q", promised, responded)
	}
}

func TestUndefinedMethodsAreHandledAsDocumented(t *testing.T) {
	promised, operations := document(t)
	for path, nodes := range promised.Paths {
		if _, ok := nodes["x-amazon-apigateway-any-method"]; !ok {
			t.Errorf("%s leaves other methods to API Gateway", path)
		}
		for _, method := range methods {
			method = strings.ToUpper(method)
			if _, known := operations[method+" "+path]; known {
				continue
			}
			want := 404
			if _, resource := (&handler.Handler{}).Routes()[path]; resource {
				want = 405
			}
			do(t, &handler.Handler{}, event(method, path, nil, nil, "")).expect(t, want, nil)
		}
	}
}

// allStates are handlers whose dependencies fail in every way that they can.
func allStates() []handler.Handler {
	unavailable, denied := fault.NewUnavailable(fault.Database, io.EOF), fault.NewInternal("reading", errors.New("denied"))
	missing, changed := fault.New(fault.NotFound, "missing"), fault.New(fault.Precondition, "changed")
	unacceptable, rangeNotSatisfiable := fault.New(fault.Invalid, "unacceptable"), &fault.Error{Kind: fault.Malformed, Cause: files.ErrRange}
	tooLarge, replaced := fault.New(fault.TooLarge, "too large"), fault.NewUnavailable(fault.Files, files.ErrReplaced)
	well := func(context.Context) error { return nil }
	all := []handler.Handler{works(nil, nil, nil, nil, nil, nil, well)}
	for _, failing := range []struct{ read, write, remove, list, file, upload error }{
		{unavailable, unavailable, unavailable, unavailable, unavailable, unavailable}, {denied, denied, denied, denied, denied, denied},
		{missing, changed, missing, nil, missing, tooLarge}, {nil, unacceptable, changed, nil, rangeNotSatisfiable, nil}, {file: replaced},
	} {
		all = append(all, works(failing.read, failing.write, failing.remove, failing.list, failing.file, failing.upload,
			func(context.Context) error { return failing.read }))
	}
	large := works(nil, nil, nil, nil, nil, nil, well)
	largeFile := large.Files.(bucket)
	open := largeFile.open
	largeFile.open = func(key, rng, etag string) (files.Object, error) {
		object, err := open(key, rng, etag)
		object.Size = 1 << 40
		return object, err
	}
	large.Files = largeFile
	return append(all, large)
}

// works returns a handler whose dependencies work or return these errors.
func works(read, write, remove, list, file, upload error, check func(context.Context) error) handler.Handler {
	whole := disk(new(int))
	open := whole.open
	whole.open = func(key, rng, etag string) (files.Object, error) {
		if file != nil {
			return files.Object{}, file
		}
		return open(key, rng, etag)
	}
	stat := whole.stat
	whole.stat = func(key string) (files.Object, error) {
		if file != nil && !errors.Is(file, files.ErrRange) {
			return files.Object{}, file
		}
		return stat(key)
	}
	whole.upload = func(key string, _ int64, _ string) (files.Upload, error) {
		return files.Upload{Key: key, Request: &files.Request{Method: "PUT", URL: "https://bucket.example"}}, upload
	}
	whole.parts = func(key, id string, size int64, first int32) (files.Upload, error) {
		end := files.Request{Method: "POST", URL: "https://bucket.example"}
		return files.Upload{
			Key: key, UploadID: id, PartSize: size, PartCount: first + 1, Parts: []files.Part{{Number: first, Size: 1, Request: end}}, NextPart: first + 1, Complete: &end, Abort: &end,
		}, upload
	}
	return handler.Handler{
		Log: slog.New(slog.DiscardHandler), Files: whole,
		Contract: handler.NewContract([]byte(`{"openapi": "3.0.1"}`)),
		Health:   handler.NewHealthChecker(map[string]func(context.Context) error{"database": check}),
		Items: items{
			get: func(string) (store.Item, cache.Status, error) { return stored, cache.Hit, read },
			put: func(id string, _ json.RawMessage, condition store.Condition) (store.Item, bool, error) {
				return stored, id == "new", errors.Join(write, against(condition))
			},
			del: func(_ string, condition store.Condition) error { return errors.Join(remove, against(condition)) },
			list: func(after string, _ int) (store.Page, error) {
				return store.Page{Items: []store.Item{stored}, More: after == ""}, list
			},
		},
	}
}

// against is the error of a write of the stored item under a condition.
func against(condition store.Condition) error {
	if condition.MustNotExist || condition.Revisions != nil && !slices.Contains(condition.Revisions, stored.Revision) {
		return fault.New(fault.Precondition, "changed")
	}
	return nil
}

// requests are ways to call an operation, good and bad.
func requests(method, path string) (all []events.APIGatewayProxyRequest) {
	bodies := []string{"", `{}`, `{"size": 5}`, `{"size": 5, "upload_id": "U1"}`, `{`, `"` + strings.Repeat("x", 300<<10) + `"`}
	if method == "GET" || method == "HEAD" {
		bodies = bodies[:1]
	}
	for _, name := range []string{"a", "new", ".."} {
		for _, headers := range []map[string]string{
			nil, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}, {"If-None-Match": "*"}, {"If-Match": `"other"`},
			{"If-Match": "other"}, {"If-Unmodified-Since": "yesterday"}, {"Content-Encoding": "gzip"},
			{"Range": "bytes=2-4"}, {"Range": "bytes=10-"},
		} {
			for _, body := range bodies {
				for _, base64 := range []bool{false, body != ""} {
					one := event(method, path, map[string]string{"id": name, "key": name}, headers, body)
					one.IsBase64Encoded = base64
					all = append(all, one)
				}
			}
		}
	}
	bad := event(method, path, nil, nil, "")
	bad.QueryStringParameters = map[string]string{"limit": "x"}
	return append(all, bad)
}

// omitted are the headers that the document leaves out, as it states.
var omitted = []string{"Content-Type", "Content-Length", "X-Content-Type-Options"}

// Some request gets each documented status with each documented header, and every response is documented, with its
// form. Only 500 is not documented: a defect is not part of the contract.
func TestResponsesConformToTheDocument(t *testing.T) {
	_, operations := document(t)
	contract, err := openapi3.NewLoader().LoadFromData(docs.Contract)
	if err != nil {
		t.Fatal(err)
	}
	for name, operation := range operations {
		t.Run(name, func(t *testing.T) {
			method, path, _ := strings.Cut(name, " ")
			schemas := contract.Paths.Value(strings.ReplaceAll(path, "+}", "}")).GetOperation(method).Responses
			seen := map[string]bool{}
			for _, h := range allStates() {
				for _, request := range requests(method, path) {
					got := do(t, &h, request)
					if got.status == 500 {
						continue
					}
					status := strconv.Itoa(got.status)
					response, known := operation.Responses[status]
					if !known {
						t.Fatalf("%s is not in the document: %s, %+v", status, got.body, request)
					}
					seen[status] = true
					for header := range got.header {
						if _, known := response.Headers[header]; !known && !slices.Contains(omitted, header) {
							t.Fatalf("%s has the header %s, which is not in the document: %+v", status, header, request)
						}
						seen[status+header] = true
					}
					for mediaType, content := range schemas.Value(status).Value.Content {
						if err := fits(got.body, content.Schema.Value); err != nil && strings.HasSuffix(mediaType, "json") {
							t.Fatalf("%s: %v in %s", status, err, got.body)
						}
					}
				}
			}
			for status, response := range operation.Responses {
				if !seen[status] {
					t.Errorf("no request gets %s", status)
				}
				for header := range response.Headers {
					if !seen[status+header] {
						t.Errorf("no response %s has the header %s", status, header)
					}
				}
			}
		})
	}
}

// probe is a parameter with a value that changes the response to a request, where the parameter is used.
type probe struct {
	name, in, value string
	headers         map[string]string // headers without which it is not used
}

var probes = []probe{
	{"If-Match", "header", `"other"`, nil},
	{"If-None-Match", "header", `*`, nil},
	{"If-Modified-Since", "header", "Fri, 02 Jan 2099 03:04:05 GMT", nil},
	{"If-Unmodified-Since", "header", "Fri, 02 Jan 1998 03:04:05 GMT", nil},
	{"Range", "header", "bytes=2-4", nil},
	{"If-Range", "header", `"other"`, map[string]string{"Range": "bytes=2-4"}},
	{"limit", "query", "0", nil},
	{"cursor", "query", "x", nil},
}

// A parameter is in the document where it is used, and nowhere else. Only parameters of the path are required, since
// API Gateway rejects a request without a required one.
func TestTheDocumentsParametersAreThoseThatTheHandlerReads(t *testing.T) {
	_, operations := document(t)
	for name, operation := range operations {
		t.Run(name, func(t *testing.T) {
			method, path, _ := strings.Cut(name, " ")
			for _, p := range operation.Parameters {
				probed := slices.ContainsFunc(probes, func(one probe) bool { return one.name == p.Name && one.in == p.In })
				if p.Required != (p.In == "path") || !probed && p.In != "path" {
					t.Errorf("%s in the %s: required %v, probed %v", p.Name, p.In, p.Required, probed)
				}
			}
			for _, probe := range probes {
				h := allStates()[0]
				request := event(method, path, map[string]string{"id": "a", "key": "a"}, map[string]string{"Content-Type": "application/json"}, "")
				if method == "PUT" || method == "POST" {
					request.Body = `{}`
				}
				maps.Copy(request.Headers, probe.headers)
				without := do(t, &h, request).status
				if probe.in == "header" {
					request.Headers[probe.name] = probe.value
				} else {
					request.QueryStringParameters = map[string]string{probe.name: probe.value}
				}
				status := do(t, &h, request).status
				// A header that a method rejects is not a parameter of it.
				counts := status != without && (probe.in != "header" || status != 400)
				if documented := operation.parameter(probe.name, probe.in) != nil; counts != documented {
					t.Errorf("%s is used: %v; it is in the document: %v", probe.name, counts, documented)
				}
			}
		})
	}
}

func TestTheDocumentsLimitsAreTheHandlers(t *testing.T) {
	_, operations := document(t)
	h := allStates()[0]
	listed := 0
	whole := h.Items.(items)
	list := whole.list
	whole.list = func(after string, limit int) (store.Page, error) {
		listed = limit
		return list(after, limit)
	}
	h.Items = whole
	limit := operations["GET /items"].parameter("limit", "query").Schema
	for value, status := range map[int]int{limit.Minimum - 1: 400, limit.Minimum: 200, limit.Maximum: 200, limit.Maximum + 1: 400} {
		request := event("GET", "/items", nil, nil, "")
		request.QueryStringParameters = map[string]string{"limit": strconv.Itoa(value)}
		do(t, &h, request).expect(t, status, nil)
	}
	if do(t, &h, event("GET", "/items", nil, nil, "")); listed != limit.Default {
		t.Errorf("a page has %d items by default, in the document %d", listed, limit.Default)
	}
	for operation, name := range map[string]string{"PUT /items/{id}": "id", "POST /files/{key+}": "key"} {
		method, path, _ := strings.Cut(operation, " ")
		length := operations[operation].parameter(name, "path").Schema
		for n, refused := range map[int]bool{length.MinLength - 1: true, length.MinLength: false, length.MaxLength: false, length.MaxLength + 1: true} {
			request := event(method, path, map[string]string{name: strings.Repeat("a", n)}, map[string]string{"Content-Type": "application/json"}, `{}`)
			if got := do(t, &h, request); (got.status == 422) != refused {
				t.Errorf("%s with a %s of %d: %d %s", operation, name, n, got.status, got.body)
			}
		}
	}
}

// fits reports how a body differs from its schema, and members that the schema does not have.
func fits(body string, schema *openapi3.Schema) error {
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return err
	}
	if err := schema.VisitJSON(value); err != nil {
		return err
	}
	for _, one := range schema.OneOf { // VisitJSON allows exactly one
		if one.Value.VisitJSON(value) == nil {
			schema = one.Value
		}
	}
	members, _ := value.(map[string]any)
	for name := range members {
		if _, ok := schema.Properties[name]; !ok && len(schema.Properties) > 0 {
			return fmt.Errorf("%q is not in the schema", name)
		}
	}
	return nil
}
