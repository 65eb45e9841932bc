package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/docpage"
)

// apiOperation is what the reference shows of an operation of the OpenAPI document.
type apiOperation struct {
	Summary, Description string
	Security             []any
	Parameters           []struct {
		Name, In, Description string
		Required              bool
		Schema                struct{ Type string }
	}
	Responses map[string]struct{ Description string }
}

func TestTheHTTPReferenceIsThatOfTheDocument(t *testing.T) {
	var document struct {
		Paths map[string]map[string]apiOperation
	}
	readYAML(t, filepath.Join("lambda", "openapi", "openapi.yaml"), &document)
	text := docpage.Head("route", "API key", "effect", "responses")
	var parameters strings.Builder
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
			operation, route := document.Paths[path][method], strings.ToUpper(method)+" "+path
			if strings.HasPrefix(method, "x-") {
				continue
			}
			key := "required"
			if len(operation.Security) == 0 {
				key = "none"
			}
			var responses []string
			for _, status := range slices.Sorted(maps.Keys(operation.Responses)) {
				responses = append(responses, status+": "+operation.Responses[status].Description)
			}
			text += docpage.Row("`"+route+"`", key, strings.TrimSpace(operation.Summary+". "+operation.Description), strings.Join(responses, "; "))
			for _, p := range operation.Parameters {
				parameters.WriteString(docpage.Row("`"+route+"`", p.In, "`"+p.Name+"`", fmt.Sprint(p.Required), p.Schema.Type, p.Description))
			}
		}
	}
	text += "\n## Parameters\n\n" + docpage.Head("route", "in", "name", "required", "type", "value") + parameters.String()
	docpage.Check(t, page("http-api.md"), text)
}
