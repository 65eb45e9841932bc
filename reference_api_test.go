package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/docpage"
	"github.com/didomi/serverless-api/lambda/openapi"
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

// methods returns the methods of a path of the document.
func methods(path map[string]apiOperation) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(path)), func(key string) bool { return strings.HasPrefix(key, "x-") })
}

// responses lists the statuses of an operation. Those with the same description share an entry.
func (o apiOperation) responses() string {
	statuses := groups{}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		statuses.add(o.Responses[status].Description, status)
	}
	var texts []string
	for _, group := range statuses {
		texts = append(texts, strings.Join(group.members, ", ")+": "+group.key)
	}
	return strings.Join(texts, "; ")
}

// groups are the members by key, in the order in which the keys were added.
type groups []struct {
	key     string
	members []string
}

func (g *groups) add(key, member string) {
	for i := range *g {
		if (*g)[i].key == key {
			(*g)[i].members = append((*g)[i].members, member)
			return
		}
	}
	*g = append(*g, struct {
		key     string
		members []string
	}{key, []string{member}})
}

func TestTheContractReferenceIsThatOfTheDocument(t *testing.T) {
	definition, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	contract, err := definition.Contract()
	if err != nil {
		t.Fatal(err)
	}
	docpage.CheckFile(t, filepath.Join("docs", "openapi.json"), string(contract))
}

func TestTheHTTPReferenceIsThatOfTheDocument(t *testing.T) {
	var document struct {
		Paths map[string]map[string]apiOperation
	}
	readYAML(t, filepath.Join("lambda", "openapi", "openapi.yaml"), &document)
	text := docpage.Head("route", "API key", "effect", "responses")
	var parameters strings.Builder
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		shared := groups{}
		for _, method := range methods(document.Paths[path]) {
			operation, name := document.Paths[path][method], strings.ToUpper(method)
			key := "required"
			if len(operation.Security) == 0 {
				key = "none"
			}
			text += docpage.Row("`"+name+" "+path+"`", key, strings.TrimSpace(operation.Summary+". "+operation.Description), operation.responses())
			for _, p := range operation.Parameters {
				shared.add(docpage.Row(p.In, "`"+p.Name+"`", fmt.Sprint(p.Required), p.Schema.Type, p.Description), name)
			}
		}
		for _, group := range shared {
			parameters.WriteString("| `" + path + "` | " + strings.Join(group.members, ", ") + " " + group.key)
		}
	}
	text += "\n## Parameters\n\n" + docpage.Head("path", "methods", "in", "name", "required", "type", "value") + parameters.String()
	docpage.Check(t, page("http-api.md"), text)
}
