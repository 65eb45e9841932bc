package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/didomi/serverless-api/internal/docpage"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// contract is the client's contract, as it is written and as a library for OpenAPI reads it.
func contract(t *testing.T) (string, *openapi3.T) {
	t.Helper()
	definition, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	text, err := definition.Contract()
	if err != nil {
		t.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), document
}

func TestTheContractReferenceIsThatOfTheDocument(t *testing.T) {
	text, _ := contract(t)
	docpage.CheckFile(t, filepath.Join("docs", "openapi.json"), text)
}

func TestTheHTTPReferenceIsThatOfTheContract(t *testing.T) {
	_, document := contract(t)
	docpage.Check(t, page("http-api.md"), apiPage(document))
}

// apiPage is the contract as a page: its guides, its operations by tag, the bodies of errors and the schemas.
func apiPage(document *openapi3.T) string {
	shared := sharedResponses(document)
	text := deeper(document.Info.Description, 1) + "\n\n## Statuses of every operation\n\nOperations without `security` have no 401.\n\n" + responseTable(shared, nil) + "\n"
	for _, tag := range document.Tags {
		text += "## Operations: " + tag.Name + "\n\n" + deeper(tag.Description, 2) + "\n\n"
		for _, path := range slices.Sorted(maps.Keys(document.Paths.Map())) {
			item := document.Paths.Value(path)
			for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
				operation := item.Operations()[method]
				switch {
				case !slices.Contains(operation.Tags, tag.Name):
				case method == "HEAD" && outline(operation) == outline(item.Get):
					text += fmt.Sprintf("`HEAD %s` (`%s`) has the parameters, statuses and headers of GET, and no body.\n\n", path, operation.OperationID)
				default:
					text += operationText(method+" "+path, operation, shared)
				}
			}
		}
	}
	return text + "## Bodies of errors\n\n" + problemTable(document) + "\n## Schemas\n\n" + schemaTexts(document.Components.Schemas)
}

// deeper moves the headings of a text down by some levels.
func deeper(text string, levels int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "#") {
			lines[i] = strings.Repeat("#", levels) + line
		}
	}
	return strings.Join(lines, "\n")
}

// outline is the same for operations with the same parameters, statuses and headers.
func outline(operation *openapi3.Operation) string {
	var names []string
	for _, p := range operation.Parameters {
		names = append(names, p.Value.In+" "+p.Value.Name)
	}
	for status, response := range operation.Responses.Map() {
		names = append(names, status+" "+headerNames(response.Value))
	}
	slices.Sort(names)
	return strings.Join(names, "\n")
}

func headerNames(response *openapi3.Response) string {
	names := slices.Sorted(maps.Keys(response.Headers))
	return strings.Join(slices.DeleteFunc(names, func(name string) bool { return name == "X-Request-Id" }), ", ")
}

// operationText is the section of an operation.
func operationText(route string, operation *openapi3.Operation, shared map[string]*openapi3.ResponseRef) string {
	text := "### `" + route + "`\n\n" + operation.Summary + " (`" + operation.OperationID + "`)."
	if operation.Description != "" {
		text += " " + operation.Description
	}
	if operation.Security == nil || len(*operation.Security) == 0 {
		text += "\n\nNo credentials."
	}
	text += "\n\n"
	if len(operation.Parameters) > 0 {
		text += docpage.Head("parameter", "in", "required", "value")
		for _, p := range operation.Parameters {
			text += docpage.Row("`"+p.Value.Name+"`", p.Value.In, yes(p.Value.Required), valueText(p.Value.Schema.Value, p.Value.Description, p.Value.Example))
		}
		text += "\n"
	}
	if body := operation.RequestBody; body != nil {
		text += "Body" + map[bool]string{true: "", false: " (optional)"}[body.Value.Required] + contentText(body.Value.Content) + ". " + body.Value.Description + "\n\n" + examplesText(body.Value.Content)
	}
	text += responseTable(operation.Responses.Map(), shared) + "\n"
	for _, status := range slices.Sorted(maps.Keys(operation.Responses.Map())) {
		if response := operation.Responses.Value(status).Value; status < "300" && response.Content.Get("application/json") != nil {
			if examples := examplesText(response.Content); !strings.Contains(text, "|\n\n"+examples) {
				text += examples
			}
		}
	}
	return text
}

// sharedResponses are those that the operations with security have in common.
func sharedResponses(document *openapi3.T) map[string]*openapi3.ResponseRef {
	var shared map[string]*openapi3.ResponseRef
	for _, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			if method == "HEAD" || operation.Security == nil || len(*operation.Security) == 0 {
				continue
			}
			own := operation.Responses.Map()
			if shared == nil {
				shared = maps.Clone(own)
			}
			maps.DeleteFunc(shared, func(status string, response *openapi3.ResponseRef) bool {
				return response.Ref == "" || own[status] == nil || own[status].Ref != response.Ref
			})
		}
	}
	return shared
}

// responseTable lists responses by status, without those that are listed for all operations.
func responseTable(responses, shared map[string]*openapi3.ResponseRef) string {
	text := docpage.Head("status", "meaning", "headers besides X-Request-Id", "body")
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		response := responses[status]
		if common := shared[status]; common != nil && response.Ref == common.Ref {
			continue
		}
		text += docpage.Row(status, *response.Value.Description, headerNames(response.Value), strings.TrimPrefix(contentText(response.Value.Content), ": "))
	}
	return text
}

func yes(required bool) string {
	if required {
		return "yes"
	}
	return "no"
}

// contentText names the schema of a body, or its media type. A body has one.
func contentText(content openapi3.Content) string {
	types := slices.Sorted(maps.Keys(content))
	if len(types) == 0 {
		return ""
	}
	if schema := content[types[0]].Schema; schema != nil && schema.Ref != "" {
		return ": " + schemaLink(schema)
	}
	return ": `" + types[0] + "`"
}

// examplesText has the examples of a body as JSON.
func examplesText(content openapi3.Content) (text string) {
	for _, mediaType := range slices.Sorted(maps.Keys(content)) {
		for _, e := range examplesOf(content[mediaType]) {
			if e.Summary != "" {
				text += e.Summary + ":\n\n"
			}
			formatted, _ := json.MarshalIndent(e.Value, "", "  ") // of JSON
			text += "```json\n" + string(formatted) + "\n```\n\n"
		}
	}
	return text
}

// examplesOf are the examples of a body, by name.
func examplesOf(media *openapi3.MediaType) (all []*openapi3.Example) {
	if media.Example != nil {
		all = append(all, &openapi3.Example{Value: media.Example})
	}
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		all = append(all, media.Examples[name].Value)
	}
	return all
}

// problemTable has each body of an error that the contract has as an example, by status.
func problemTable(document *openapi3.T) string {
	var rows []string
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				if media := response.Value.Content.Get("application/problem+json"); media != nil {
					for _, e := range examplesOf(media) {
						body, _ := json.Marshal(e.Value) // of JSON
						rows = append(rows, docpage.Row(status, cmp.Or(e.Summary, " "), "`"+string(body)+"`"))
					}
				}
			}
		}
	}
	slices.Sort(rows)
	return docpage.Head("status", "case", "body") + strings.Join(slices.Compact(rows), "")
}
