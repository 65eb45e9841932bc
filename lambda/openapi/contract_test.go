package openapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// contract is the client's contract, as a library for OpenAPI reads it.
func contract(t *testing.T) (text string, parsed *openapi3.T) {
	t.Helper()
	return contractOf(t, load(t))
}

func contractOf(t *testing.T, d *Document) (text string, parsed *openapi3.T) {
	t.Helper()
	written, err := d.Contract()
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err = openapi3.NewLoader().LoadFromData(written); err != nil {
		t.Fatal(err)
	}
	return string(written), parsed
}

func TestTheContractIsValidOpenAPI(t *testing.T) {
	_, parsed := contract(t)
	if err := parsed.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(), openapi3.EnableSchemaPatternValidation()); err != nil {
		t.Error(err)
	}
}

func TestTheContractHasTheDocumentsOperations(t *testing.T) {
	_, parsed := contract(t)
	var got, want []string
	for path, item := range parsed.Paths.Map() {
		for method, operation := range item.Operations() {
			got = append(got, operation.OperationID+" "+method+" "+path)
		}
	}
	for _, o := range load(t).Operations() {
		want = append(want, o.ID+" "+strings.ReplaceAll(o.Route(), "+}", "}"))
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTheContractHasNothingThatIsForThePlatform(t *testing.T) {
	text, _ := contract(t)
	var tree any
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			for name, value := range node {
				if strings.HasPrefix(name, "x-") {
					t.Errorf("it has %s: %v", name, value)
				}
				walk(value)
			}
		case []any:
			for _, value := range node {
				walk(value)
			}
		}
	}
	walk(tree)
	// The namespace of S3's XML is a client's to send.
	text = strings.ReplaceAll(text, "http://s3.amazonaws.com/doc/2006-03-01/", "")
	for _, placeholder := range []string{"${", "amazonaws"} {
		if strings.Contains(text, placeholder) {
			t.Errorf("it has %s", placeholder)
		}
	}
}

// API Gateway and WAF respond before the function does: whatever status they have, a client finds it in the operation.
func TestTheContractHasEveryStatusOfAPIGateway(t *testing.T) {
	_, parsed := contract(t)
	statuses := map[string]bool{}
	for name, response := range parse(t).Responses {
		if response.StatusCode != "" {
			statuses[response.StatusCode] = true
		} else if !strings.HasPrefix(name, "DEFAULT_") {
			t.Errorf("%s has no status", name)
		}
	}
	for path, item := range parsed.Paths.Map() {
		for method, operation := range item.Operations() {
			secured := operation.Security != nil && len(*operation.Security) > 0
			for _, status := range slices.Sorted(maps.Keys(statuses)) {
				var want bool
				switch status {
				case "401":
					want = secured
				case "404", "405": // of paths and methods that the API does not have
					continue
				case "415", "422": // of bodies
					want = operation.RequestBody != nil
				default:
					want = true
				}
				if code, _ := strconv.Atoi(status); (operation.Responses.Status(code) != nil) != want {
					t.Errorf("%s %s: has the response %s: %v", method, path, status, !want)
				}
			}
		}
	}
}

func TestResponsesToHEADHaveNoContent(t *testing.T) {
	_, parsed := contract(t)
	for path, item := range parsed.Paths.Map() {
		if item.Head == nil {
			if item.Get != nil {
				t.Errorf("%s has GET and no HEAD", path)
			}
			continue
		}
		for status, response := range item.Head.Responses.Map() {
			if len(response.Value.Content) > 0 {
				t.Errorf("HEAD %s: %s has content", path, status)
			}
		}
	}
}

// Generators name types after components, and a client writes one function for all responses of one form.
func TestSharedElementsAreComponentsOfTheContract(t *testing.T) {
	d, err := Parse([]byte(strings.Replace(small, "paths:", `x-shared:
  headers: {Id: &id {schema: {type: string}}}
  responses:
    Missing: &missing {description: None, headers: {X-Id: *id}}
    Unused: {description: Unused}
x-contract:
  servers: [{url: .}]
  security: [{apiKey: []}]
  securitySchemes: {apiKey: {type: apiKey, name: x-api-key, in: header}}
  responses: {every: {"403": *missing}, secured: {"401": {description: Who, headers: {X-Id: *id}}}}
paths:`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, parsed := contractOf(t, d)
	responses := parsed.Paths.Value("/a/{id}").Get.Responses
	for status, want := range map[int]string{200: "", 404: "", 403: "#/components/responses/Missing", 401: ""} {
		if got := responses.Status(status); got == nil || got.Ref != want {
			t.Errorf("the response %d is %+v, want the reference %q", status, got, want)
		}
	}
	if header := responses.Status(401).Value.Headers["X-Id"]; header == nil || header.Ref != "#/components/headers/Id" {
		t.Errorf("its header is %+v", header)
	}
	if responses := parsed.Paths.Value("/up").Get.Responses; responses.Status(401) != nil || responses.Status(403) == nil {
		t.Error("an operation without security has 401, or lacks 403")
	}
	if _, unused := parsed.Components.Responses["Unused"]; unused || len(parsed.Components.Responses) != 1 {
		t.Errorf("components %v", parsed.Components.Responses)
	}
	if !strings.Contains(parsed.Paths.Value("/a/{id}").Get.Description, "a:read") {
		t.Error("the description lacks the scope")
	}
}

func TestAContractNeedsNoResponsesOfThePlatform(t *testing.T) {
	d, err := Parse([]byte(strings.Replace(small, "paths:", "x-contract: {servers: [{url: .}]}\npaths:", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, parsed := contractOf(t, d)
	if responses := parsed.Paths.Value("/a/{id}").Get.Responses; responses.Len() != 2 {
		t.Errorf("%d responses, want those of the operation, 200 and 404", responses.Len())
	}
}
