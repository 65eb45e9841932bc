package restapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// anyMethod is the key of an operation for all other methods.
const anyMethod = "x-amazon-apigateway-any-method"

// document is a compiled OpenAPI document.
type document struct {
	spec      specification
	schemas   any // the full document, for JSON schema references
	root      *node
	resources []*resource
	// authorizers are those of the security schemes, by name.
	authorizers map[string]*authorizer
}

// specification has the fields of an OpenAPI 3 document that the data plane uses.
type specification struct {
	OpenAPI    string                                `json:"openapi"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		SecuritySchemes map[string]SecurityScheme `json:"securitySchemes"`
	} `json:"components"`
	Security    []map[string][]string      `json:"security"`
	Policy      json.RawMessage            `json:"x-amazon-apigateway-policy"`
	KeySource   string                     `json:"x-amazon-apigateway-api-key-source"`
	Validators  map[string]validator       `json:"x-amazon-apigateway-request-validators"`
	Validator   string                     `json:"x-amazon-apigateway-request-validator"`
	Responses   map[string]gatewayResponse `json:"x-amazon-apigateway-gateway-responses"`
	BinaryTypes []string                   `json:"x-amazon-apigateway-binary-media-types"`
}

// SecurityScheme is a security scheme of a document, with API Gateway's extensions.
type SecurityScheme struct {
	Type       string      `json:"type"`
	Name       string      `json:"name"`
	In         string      `json:"in"`
	AuthType   string      `json:"x-amazon-apigateway-authtype"`
	Authorizer *Authorizer `json:"x-amazon-apigateway-authorizer"`
}

// Source is the list of the authorizer's identity sources: by default, a token authorizer's is the scheme's header.
func (s SecurityScheme) Source() string {
	if s.Authorizer.IdentitySource == "" && strings.EqualFold(s.Authorizer.Type, "token") {
		return "method.request.header." + s.Name
	}
	return s.Authorizer.IdentitySource
}

type validator struct {
	Parameters bool `json:"validateRequestParameters"`
	Body       bool `json:"validateRequestBody"`
}

type parameter struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required"`
}

// resource is a path of the document with its operations.
type resource struct {
	id         string
	path       string
	operations map[string]*operation // by upper-case method, or anyMethod
}

// operation is a method of a resource.
type operation struct {
	OperationID string                 `json:"operationId"`
	Parameters  []parameter            `json:"parameters"`
	Security    *[]map[string][]string `json:"security"`
	Validator   string                 `json:"x-amazon-apigateway-request-validator"`
	Integration *integration           `json:"x-amazon-apigateway-integration"`
	RequestBody struct {
		Content map[string]struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`

	method        string // upper case, or "ANY"
	authorization authorization
	validator     validator
	bodies        map[string]*bodySchema // by media type
}

// integration is x-amazon-apigateway-integration.
type integration struct {
	Type         string                         `json:"type"`
	URI          string                         `json:"uri"`
	Credentials  string                         `json:"credentials"`
	TimeoutMS    int                            `json:"timeoutInMillis"`
	TransferMode string                         `json:"responseTransferMode"`
	Templates    map[string]string              `json:"requestTemplates"`
	Responses    map[string]integrationResponse `json:"responses"`
}

type integrationResponse struct {
	StatusCode status            `json:"statusCode"`
	Parameters map[string]string `json:"responseParameters"`
	Templates  map[string]string `json:"responseTemplates"`
}

func (i *integration) streams() bool { return strings.EqualFold(i.TransferMode, "STREAM") }

func (i *integration) timeout() time.Duration {
	if i.TimeoutMS <= 0 {
		return DefaultTimeout
	}
	return time.Duration(i.TimeoutMS) * time.Millisecond
}

// compile parses an OpenAPI 3 document in JSON or YAML.
func compile(source []byte) (*document, error) {
	asJSON := source
	if !json.Valid(source) {
		var err error
		if asJSON, err = yaml.YAMLToJSON(source); err != nil {
			return nil, fmt.Errorf("OpenAPI document: neither JSON nor YAML: %w", err)
		}
	}
	d := &document{root: &node{}}
	if err := errors.Join(json.Unmarshal(asJSON, &d.spec), json.Unmarshal(asJSON, &d.schemas)); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	if !strings.HasPrefix(d.spec.OpenAPI, "3.") {
		return nil, fmt.Errorf("OpenAPI document: openapi is %q, want 3.x", d.spec.OpenAPI)
	}
	if err := d.compileAuthorizers(); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	for _, path := range slices.Sorted(maps.Keys(d.spec.Paths)) {
		r, err := d.compileResource(path)
		if err != nil {
			return nil, fmt.Errorf("OpenAPI document: path %s: %w", path, err)
		}
		if err := d.root.add(r); err != nil {
			return nil, fmt.Errorf("OpenAPI document: path %s: %w", path, err)
		}
		d.resources = append(d.resources, r)
	}
	return d, nil
}

func (d *document) compileResource(path string) (*resource, error) {
	r := &resource{id: resourceID(path), path: path, operations: map[string]*operation{}}
	item := d.spec.Paths[path]
	var shared []parameter
	if raw, ok := item["parameters"]; ok {
		if err := json.Unmarshal(raw, &shared); err != nil {
			return nil, fmt.Errorf("parameters: %w", err)
		}
	}
	for key, raw := range item {
		if MethodName(key) == "" {
			continue // parameters, summary, servers, ...
		}
		op, err := d.compileOperation(path, key, raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		op.Parameters = append(op.Parameters, shared...)
		r.operations[op.method] = op
	}
	return r, nil
}

// MethodName is the method of an operation's key in a document; empty: the key is of something else.
func MethodName(key string) string {
	switch key {
	case "get", "put", "post", "delete", "options", "head", "patch":
		return strings.ToUpper(key)
	case anyMethod:
		return "ANY"
	}
	return ""
}

func (d *document) compileOperation(path, key string, raw json.RawMessage) (*operation, error) {
	op := &operation{method: MethodName(key)}
	if err := json.Unmarshal(raw, op); err != nil {
		return nil, err
	}
	if op.Integration == nil {
		return nil, errors.New("No integration defined for method") //nolint:staticcheck // the platform's words
	}
	security := d.spec.Security
	if op.Security != nil {
		security = *op.Security
	}
	op.authorization = d.authorizationOf(security)
	name := d.spec.Validator
	if op.Validator != "" {
		name = op.Validator
	}
	if name != "" {
		v, ok := d.spec.Validators[name]
		if !ok {
			return nil, fmt.Errorf("request validator %q is not defined", name)
		}
		op.validator = v
	}
	if op.validator.Body {
		return op, d.compileBodies(path, key, op)
	}
	return op, nil
}

// anyMethods are the methods of ANY (developer guide, "Set up a method using the console").
var anyMethods = []string{
	http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut,
}

// operation returns the operation for the method, or nil.
func (r *resource) operation(method string) *operation {
	if op := r.operations[method]; op != nil || !slices.Contains(anyMethods, method) {
		return op
	}
	return r.operations["ANY"]
}

// resourceID is derived from the path: six letters and digits.
func resourceID(path string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path)) // never fails
	s := strconv.FormatUint(h.Sum64(), 36)
	return s[len(s)-6:]
}
