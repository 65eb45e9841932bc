// Package openapi is the definition of the API: the OpenAPI document that API Gateway is configured with. It
// also holds the facts about the application that the platform needs: which operations have a latency alarm
// (x-watch), which scopes a token needs for them (x-scopes), and which requests are a smoke test (x-smoke).
//
// The Pulumi program and ops import this package. The function does not: a YAML parser would cost every cold
// start.
package openapi

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed openapi.yaml
var source []byte

// Document is a valid definition.
type Document struct {
	// Title is its info.title.
	Title string

	source     []byte
	operations []Operation
	smoke      []Request
}

// Operation is a method of a path.
type Operation struct {
	// ID is its operationId.
	ID string
	// Method is in upper case; Path is a template, such as /items/{id}.
	Method, Path string
	// Keyed is whether it requires an API key and authentication, where the stack does.
	Keyed bool
	// Scopes are those that a token needs, all of them, where the stack requires one.
	Scopes []string
	// Streamed is whether API Gateway streams its response.
	Streamed bool
	// LatencyMS is the latency that its alarm has as threshold, in milliseconds; 0: it has no alarm.
	LatencyMS int

	statuses []string
}

// Route is the operation as stack files name it, such as "GET /items/{id}".
func (o Operation) Route() string { return o.Method + " " + o.Path }

// Load parses the API's own definition.
func Load() (*Document, error) { return Parse(source) }

// Parse parses a definition. It rejects one without a latency alarm or without a smoke test, and one whose
// extensions do not agree with its operations, with all problems of the operations, or else of the rest.
func Parse(source []byte) (*Document, error) {
	var tree struct {
		Info  struct{ Title string }
		Paths map[string]map[string]yaml.Node
		Smoke any `yaml:"x-smoke"`
	}
	if err := yaml.Unmarshal(source, &tree); err != nil {
		return nil, fmt.Errorf("openapi: openapi.yaml: %w", err)
	}
	operations, err := parseOperations(tree.Paths)
	if err != nil {
		return nil, fmt.Errorf("openapi: openapi.yaml: %w", err)
	}
	d := &Document{Title: tree.Info.Title, source: source, operations: operations}
	var unwatched error
	if len(d.Watched()) == 0 {
		unwatched = errors.New("no operation has x-watch, such as {latencyMs: 1000}: no alarm would page for latency")
	}
	d.smoke, err = d.parseSmoke(tree.Smoke)
	if err := errors.Join(unwatched, err); err != nil {
		return nil, fmt.Errorf("openapi: openapi.yaml: %w", err)
	}
	return d, nil
}

// parseOperations returns the operations sorted by route, or all problems of them.
func parseOperations(paths map[string]map[string]yaml.Node) (operations []Operation, err error) {
	var problems []error
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for _, method := range slices.Sorted(maps.Keys(paths[path])) {
			name := strings.ToUpper(method)
			if !slices.Contains(methods, name) {
				continue
			}
			operation, err := parseOperation(name, path, paths[path][method])
			if err != nil {
				problems = append(problems, fmt.Errorf("%s %s: %w", name, path, err))
			}
			operations = append(operations, operation)
		}
	}
	slices.SortFunc(operations, func(a, b Operation) int { return strings.Compare(a.Route(), b.Route()) })
	return operations, errors.Join(problems...)
}

var methods = []string{
	http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut,
}

// idPattern is what can be a part of an alarm's name.
var idPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

func parseOperation(method, path string, node yaml.Node) (Operation, error) {
	var parsed struct {
		ID          string               `yaml:"operationId"`
		Security    []any                `yaml:"security"`
		Responses   map[string]yaml.Node `yaml:"responses"`
		Watch       any                  `yaml:"x-watch"`
		Scopes      any                  `yaml:"x-scopes"`
		Integration struct {
			Mode string `yaml:"responseTransferMode"`
		} `yaml:"x-amazon-apigateway-integration"`
	}
	if err := node.Decode(&parsed); err != nil {
		return Operation{}, err
	}
	o := Operation{
		ID: parsed.ID, Method: method, Path: path,
		Keyed: len(parsed.Security) > 0, Streamed: parsed.Integration.Mode == "STREAM",
	}
	for status := range parsed.Responses {
		o.statuses = append(o.statuses, status)
	}
	var err error
	if o.Scopes, err = parseScopes(parsed.Scopes, o.Keyed); err != nil {
		return Operation{}, fmt.Errorf("x-scopes: %w", err)
	}
	if parsed.Watch == nil {
		return o, nil
	}
	if o.LatencyMS, err = o.parseWatch(parsed.Watch); err != nil {
		return Operation{}, fmt.Errorf("x-watch: %w", err)
	}
	return o, nil
}

// parseWatch parses x-watch of the operation: the threshold of its latency alarm.
func (o Operation) parseWatch(value any) (int, error) {
	var watch struct {
		LatencyMS int `json:"latencyMs"`
	}
	if err := decodeStrictly(value, &watch); err != nil {
		return 0, err
	}
	switch {
	case watch.LatencyMS < 1:
		return 0, fmt.Errorf("latencyMs is %d; must be at least 1", watch.LatencyMS)
	case o.Streamed:
		return 0, errors.New("it streams, so its latency is also the client's")
	case !idPattern.MatchString(o.ID):
		return 0, fmt.Errorf("the alarm is named after operationId, which is %q; must be letters and digits, a letter first", o.ID)
	}
	return watch.LatencyMS, nil
}

// Operations are those whose method is not left to x-amazon-apigateway-any-method, sorted by route.
func (d *Document) Operations() []Operation { return slices.Clone(d.operations) }

// Watched are the operations that have a latency alarm.
func (d *Document) Watched() []Operation {
	return slices.DeleteFunc(d.Operations(), func(o Operation) bool { return o.LatencyMS == 0 })
}

// Routes are the operations for which keep returns true, as stack files name them, sorted.
func (d *Document) Routes(keep func(Operation) bool) []string {
	var routes []string
	for _, o := range d.operations {
		if keep(o) {
			routes = append(routes, o.Route())
		}
	}
	return routes
}

// Every keeps all operations.
func Every(Operation) bool { return true }

// Keyed keeps the operations that require an API key.
func Keyed(o Operation) bool { return o.Keyed }

// Open keeps the operations that require no API key.
func Open(o Operation) bool { return !o.Keyed }

// Streamed keeps the operations that stream a body: a response to HEAD has none.
func Streamed(o Operation) bool { return o.Streamed && o.Method != http.MethodHead }

// MethodPath is a route ("PUT /items/{id}") as the settings of a stage name it ("~1items~1{id}/PUT"). API
// Gateway has the slashes of a path escaped, in what changes the settings and in what shows them; the provider
// passes the text on as it is, and its documentation, which leaves the slashes be, does not hold for such paths.
// https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateStage.html
// https://github.com/hashicorp/terraform-provider-aws/issues/9738
func MethodPath(route string) string {
	method, path, _ := strings.Cut(route, " ")
	return strings.ReplaceAll(path, "/", "~1") + "/" + method
}
