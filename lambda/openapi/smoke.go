package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// random stands for a string in x-smoke that is a new one in every smoke test.
const random = "${random}"

// Request is one of a smoke test.
type Request struct {
	// Name says what the expected response shows.
	Name string `json:"name"`
	// Route is an operation of the document, such as "PUT /items/{id}".
	Route string `json:"request"`
	// Parameters are the values of the path's; ${random} in one is replaced.
	Parameters map[string]string `json:"parameters"`
	// Body is JSON; none is sent where it is empty.
	Body json.RawMessage `json:"body"`
	// Status is the expected one, which the document lists for the operation.
	Status int `json:"status"`
	// Contains is a part of the expected body without its white space.
	Contains string `json:"contains"`
	// Readiness is whether a rollout invokes a new version with it before the version gets requests.
	Readiness bool `json:"readiness"`
}

// Smoke are the requests of a smoke test, in their order.
func (d *Document) Smoke() []Request { return slices.Clone(d.smoke) }

// Readiness are those that a rollout invokes a new version with.
func (d *Document) Readiness() []Request {
	return slices.DeleteFunc(d.Smoke(), func(r Request) bool { return !r.Readiness })
}

// Method is the route's.
func (r Request) Method() string {
	method, _, _ := strings.Cut(r.Route, " ")
	return method
}

// Resource is the route's path, a template.
func (r Request) Resource() string {
	_, path, _ := strings.Cut(r.Route, " ")
	return path
}

// Path is the resource with the parameters in it, and id in the place of ${random}.
func (r Request) Path(id string) string {
	return parameter.ReplaceAllStringFunc(r.Resource(), func(name string) string {
		return url.PathEscape(strings.ReplaceAll(r.Parameters[parameterName(name)], random, id))
	})
}

// parameter is one in a path: {id}, or {key+} for all that follows.
var parameter = regexp.MustCompile(`\{[^}]+\}`)

func parameterName(text string) string { return strings.Trim(text, "{+}") }

// parseSmoke reads x-smoke, or returns all its problems. Each request must be one that the document lists, with its status.
func (d *Document) parseSmoke(value any) ([]Request, error) {
	var requests []Request
	if err := decodeStrictly(value, &requests); err != nil {
		return nil, fmt.Errorf("x-smoke: %w", err)
	}
	var problems []error
	for i, r := range requests {
		if err := d.checkRequest(r); err != nil {
			problems = append(problems, fmt.Errorf("x-smoke: [%d] %s: %w", i, r.Name, err))
		}
	}
	if !slices.ContainsFunc(requests, func(r Request) bool { return r.Readiness }) {
		problems = append(problems, errors.New("x-smoke: no request has readiness: true: a rollout would check nothing"))
	}
	return requests, errors.Join(problems...)
}

func (d *Document) checkRequest(r Request) error {
	i := slices.IndexFunc(d.operations, func(o Operation) bool { return o.Route() == r.Route })
	if i < 0 {
		return fmt.Errorf("request is %q; must be one of %s", r.Route, strings.Join(d.Routes(Every), ", "))
	}
	if o := d.operations[i]; !slices.Contains(o.statuses, strconv.Itoa(r.Status)) {
		return fmt.Errorf("status is %d; must be one of the responses of %s: %s", r.Status, r.Route, strings.Join(slices.Sorted(slices.Values(o.statuses)), ", "))
	}
	names := map[string]bool{}
	for _, text := range parameter.FindAllString(r.Resource(), -1) {
		names[parameterName(text)] = true
		if r.Parameters[parameterName(text)] == "" {
			return fmt.Errorf("parameters has no %s", text)
		}
	}
	for name := range r.Parameters {
		if !names[name] {
			return fmt.Errorf("parameters.%s is not in the path %s", name, r.Resource())
		}
	}
	if r.Readiness && (r.Method() != http.MethodGet || len(names) > 0) {
		return fmt.Errorf("readiness is for GET of a path without parameters, not for %s", r.Route)
	}
	return nil
}

// decodeStrictly decodes what YAML was parsed to and rejects unknown members.
func decodeStrictly(value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
