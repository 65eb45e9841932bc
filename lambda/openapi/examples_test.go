package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// eachOperation calls check with each operation of the contract and its route.
func eachOperation(t *testing.T, check func(route string, operation *openapi3.Operation)) {
	t.Helper()
	_, parsed := contract(t)
	for path, item := range parsed.Paths.Map() {
		for method, operation := range item.Operations() {
			check(method+" "+path, operation)
		}
	}
}

// TestTheContractIsValidOpenAPI compares each example with its schema.
func TestEveryBodyOfTheContractHasAnExample(t *testing.T) {
	eachOperation(t, func(route string, operation *openapi3.Operation) {
		bodies := map[string]openapi3.Content{}
		if operation.RequestBody != nil {
			bodies["the body of the request"] = operation.RequestBody.Value.Content
		}
		for status, response := range operation.Responses.Map() {
			bodies[status] = response.Value.Content
		}
		for name, content := range bodies {
			for mediaType, media := range content {
				if strings.HasSuffix(mediaType, "json") && media.Example == nil && len(media.Examples) == 0 {
					t.Errorf("%s: %s has no example", route, name)
				}
			}
		}
		for _, p := range operation.Parameters {
			if p.Value.Example == nil || p.Value.Description == "" {
				t.Errorf("%s: the parameter %s has no example or no description", route, p.Value.Name)
			}
		}
	})
}

func TestEveryStatusOfTheContractIsDescribed(t *testing.T) {
	eachOperation(t, func(route string, operation *openapi3.Operation) {
		described := map[string]string{}
		for status, response := range operation.Responses.Map() {
			description := *response.Value.Description
			if other, twice := described[description]; twice || description == "" {
				t.Errorf("%s: %s is described as %q, as %q is", route, status, description, other)
			}
			described[description] = status
		}
		if operation.Summary == "" || len(operation.Tags) != 1 {
			t.Errorf("%s has the summary %q and the tags %q", route, operation.Summary, operation.Tags)
		}
	})
}

// What a client does after these statuses is in their headers.
func TestTheHeadersThatAClientActsByAreInTheContract(t *testing.T) {
	headers := map[string]string{"401": "WWW-Authenticate", "403": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After", "416": "Content-Range", "307": "Location"}
	eachOperation(t, func(route string, operation *openapi3.Operation) {
		for status, response := range operation.Responses.Map() {
			name, acts := headers[status]
			if strings.Contains(route, "/health") && status == "503" { // the state, not an error
				continue
			}
			if acts && response.Value.Headers[name] == nil {
				t.Errorf("%s: %s has no %s", route, status, name)
			}
		}
	})
}

// An example is what a client is tested with: it must be what API Gateway responds with.
func TestTheExamplesAreTheBodiesOfAPIGateway(t *testing.T) {
	_, parsed := contract(t)
	examples := map[string][]string{} // by status: title and detail
	for _, response := range parsed.Components.Responses {
		for _, media := range response.Value.Content {
			bodies := []any{media.Example}
			for _, example := range media.Examples {
				bodies = append(bodies, example.Value.Value)
			}
			for _, body := range bodies {
				if b, ok := body.(map[string]any); ok {
					status := fmt.Sprint(b["status"])
					examples[status] = append(examples[status], fmt.Sprint(b["title"], " ", b["detail"]))
				}
			}
		}
	}
	own := []string{"400", "401", "404", "405", "415", "422"} // whose examples are the function's, or depend on auth (package api)
	for name, response := range parse(t).Responses {
		var body map[string]any
		if err := json.Unmarshal([]byte(response.ResponseTemplates["application/json"]), &body); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint(body["title"], " ", body["detail"])
		if response.StatusCode == "" || slices.Contains(own, response.StatusCode) || slices.Contains(examples[response.StatusCode], want) {
			continue
		}
		if response.StatusCode == "500" && body["detail"] == nil { // the function's has a detail
			continue
		}
		t.Errorf("%s: %q is none of the examples of %s, %q", name, want, response.StatusCode, examples[response.StatusCode])
	}
}
