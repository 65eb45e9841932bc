package handler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
)

// openAPI is what the API's document promises.
type openAPI struct {
	Paths      map[string]map[string]yaml.Node
	Components struct {
		Schemas map[string]struct {
			Required   []string
			Properties map[string]yaml.Node
		}
	}
}

type operation struct {
	Responses map[string]struct {
		Content map[string]struct {
			Schema struct {
				Ref string `yaml:"$ref"`
			}
		}
	}
}

var methods = []string{"get", "head", "post", "put", "patch", "delete", "options"}

func document(t *testing.T) (openAPI, map[string]operation) {
	t.Helper()
	text, err := os.ReadFile("../../api/openapi.yaml")
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
			operations[strings.ToUpper(method)+" "+path] = one
		}
	}
	return promised, operations
}

func TestTheDocumentHasTheHandlersRoutes(t *testing.T) {
	_, operations := document(t)
	promised := slices.Sorted(maps.Keys(operations))
	var answered []string
	for resource, methods := range (&handler.Handler{}).Routes() {
		for _, method := range methods {
			answered = append(answered, method+" "+resource)
		}
	}
	if slices.Sort(answered); !slices.Equal(promised, answered) {
		t.Errorf("the document has %q, the handler %q", promised, answered)
	}
}

func TestAPathWithoutAMethodAnswersItAsTheDocumentSays(t *testing.T) {
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
			ask(t, &handler.Handler{}, event(method, path, nil, nil, "")).wants(t, want, nil)
		}
	}
}

// parts are what a handler stands on; each fails in every way that it can.
func parts() []handler.Handler {
	away, denied := fault.Down(fault.Database, io.EOF), fault.Broken("reading", errors.New("denied"))
	missing, changed := fault.New(fault.NotFound, "missing"), fault.New(fault.Precondition, "changed")
	unacceptable, outOfRange := fault.New(fault.Invalid, "unacceptable"), &fault.Error{Kind: fault.Malformed, Cause: files.ErrRange}
	tooLarge, replaced := fault.New(fault.TooLarge, "too large"), fault.Down(fault.Files, files.ErrReplaced)
	well := func(context.Context) error { return nil }
	all := []handler.Handler{works(nil, nil, nil, nil, nil, nil, well)}
	for _, failing := range []struct{ read, write, remove, list, file, upload error }{
		{away, away, away, away, away, away}, {denied, denied, denied, denied, denied, denied},
		{missing, changed, missing, nil, missing, tooLarge}, {nil, unacceptable, changed, nil, outOfRange, nil}, {file: replaced},
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

// works returns a handler whose parts do their work or give these errors.
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
	return handler.Handler{
		Log: slog.New(slog.DiscardHandler), Files: whole,
		Health: map[string]func(context.Context) error{"database": check},
		Items: items{
			get: func(string) (store.Item, cache.Status, error) { return stored, cache.Hit, read },
			put: func(id string, _ json.RawMessage, _ store.Condition) (store.Item, bool, error) {
				return stored, id == "new", write
			},
			del: func(string, store.Condition) error { return remove },
			list: func(after string, _ int) (store.Page, error) {
				return store.Page{Items: []store.Item{stored}, More: after == ""}, list
			},
		},
	}
}

// requests are ways to call an operation, good and bad.
func requests(method, path string) (all []events.APIGatewayProxyRequest) {
	bodies := []string{"", `{}`, `{"size": 5}`, `{`, `"` + strings.Repeat("x", 300<<10) + `"`}
	if method == "GET" || method == "HEAD" {
		bodies = bodies[:1]
	}
	for _, name := range []string{"a", "new", ".."} {
		for _, headers := range []map[string]string{
			nil, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}, {"If-None-Match": "*"}, {"If-Match": `"other"`},
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

// Every status that the document promises is answered by some request, and
// every answer is promised, in its form too. Only 500 is not: a defect is part
// of no contract.
func TestTheHandlerAnswersWhatTheDocumentPromises(t *testing.T) {
	promised, operations := document(t)
	for name, operation := range operations {
		t.Run(name, func(t *testing.T) {
			method, path, _ := strings.Cut(name, " ")
			seen := map[string]bool{}
			for _, h := range parts() {
				for _, request := range requests(method, path) {
					got := ask(t, &h, request)
					status := strconv.Itoa(got.status)
					response, known := operation.Responses[status]
					if !known && got.status != 500 {
						t.Fatalf("%s is not in the document: %s, %+v", status, got.body, request)
					}
					seen[status] = true
					for _, content := range response.Content {
						schema := promised.Components.Schemas[strings.TrimPrefix(content.Schema.Ref, "#/components/schemas/")]
						if err := fits(got.body, schema.Required, schema.Properties); err != nil && method != "HEAD" {
							t.Fatalf("%s: %v", status, err)
						}
					}
				}
			}
			for status := range operation.Responses {
				if !seen[status] {
					t.Errorf("no request is answered %s", status)
				}
			}
		})
	}
}

// fits reports what members an answer lacks, or has beyond its schema.
func fits(body string, required []string, properties map[string]yaml.Node) error {
	if len(properties) == 0 {
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		return fmt.Errorf("%w: %s", err, body)
	}
	for _, name := range required {
		if _, ok := members[name]; !ok {
			return fmt.Errorf("no %q: %s", name, body)
		}
	}
	for name := range members {
		if _, ok := properties[name]; !ok {
			return fmt.Errorf("%q is not in the schema: %s", name, body)
		}
	}
	return nil
}
