package restapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// bodySchema is the model of a request body.
type bodySchema = jsonschema.Schema

// documentURL identifies the document among the schemas; nothing is fetched.
const documentURL = "mem:///openapi.json"

// compileBodies compiles the models of an operation's request body: draft 4 schemas, like API Gateway's models, which
// may refer to the document's components.
func (d *document) compileBodies(path, key string, op *operation) error {
	op.bodies = map[string]*bodySchema{}
	for mediaType, content := range op.RequestBody.Content {
		if len(content.Schema) == 0 {
			continue
		}
		compiler := jsonschema.NewCompiler()
		compiler.DefaultDraft(jsonschema.Draft4)
		if err := compiler.AddResource(documentURL, d.schemas); err != nil {
			return fmt.Errorf("request body: %w", err)
		}
		pointer := "#/paths/" + pointerToken(path) + "/" + key + "/requestBody/content/" + pointerToken(mediaType) + "/schema"
		schema, err := compiler.Compile(documentURL + pointer)
		if err != nil {
			return fmt.Errorf("request body %s: %w", mediaType, err)
		}
		op.bodies[mediaType] = schema
	}
	return nil
}

// pointerToken escapes a key for a JSON pointer in a URL fragment.
func pointerToken(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B", "%", "%25").Replace(s)
}

// validate runs the operation's request validator.
func (x *exchange) validate() *gatewayError {
	if x.operation.validator.Parameters {
		if missing := x.missingParameters(); len(missing) > 0 {
			message := "Missing required request parameters: [" + strings.Join(missing, ", ") + "]"
			r := newGatewayError(badRequestParameters, message)
			r.validation = "[" + strings.Join(missing, ", ") + "]"
			return r
		}
	}
	mediaType, _, err := mime.ParseMediaType(x.request.Header.Get("Content-Type"))
	if err != nil {
		mediaType = "application/json" // API Gateway's default
	}
	schema := x.operation.bodies[mediaType]
	if schema == nil {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(x.body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err == nil {
		return nil
	}
	r := newGatewayError(badRequestBody, "Invalid request body")
	r.validation = "[" + strings.ReplaceAll(err.Error(), "\n", " ") + "]"
	return r
}

// missingParameters lists the required parameters that the request lacks.
func (x *exchange) missingParameters() []string {
	query := parseQuery(x.request.URL.RawQuery)
	var missing []string
	for _, p := range x.operation.Parameters {
		present := true
		switch p.In {
		case "query":
			present = len(query[p.Name]) > 0 && query[p.Name][0] != ""
		case "header":
			present = x.request.Header.Get(p.Name) != ""
		}
		if p.Required && !present {
			missing = append(missing, p.Name)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// decodeStrict decodes JSON without unknown members.
func decodeStrict(b []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}
