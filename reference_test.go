package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/docpage"
	"github.com/didomi/serverless-api/internal/mocks"
)

// page is the path of a reference page.
func page(name string) string { return filepath.Join("docs", "reference", name) }

// configKey is one key of a stack file below its object: its path, as in database.readers, and the default.
type configKey struct {
	path  string
	value reflect.Value
}

// configKeys returns the keys of an object in the order of the struct.
func configKeys(prefix string, object reflect.Value) []configKey {
	var keys []configKey
	for i := range object.NumField() {
		name, _, _ := strings.Cut(object.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		if field := object.Field(i); field.Kind() == reflect.Struct {
			keys = append(keys, configKeys(prefix+name+".", field)...)
		} else {
			keys = append(keys, configKey{prefix + name, field})
		}
	}
	return keys
}

// typeName is the type of a config key in the terms of JSON Schema.
func typeName(of reflect.Type) string {
	switch of.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Struct:
		return "object"
	default:
		return "list of " + typeName(of.Elem()) + "s"
	}
}

// invalidValues returns values of the right type that a key with a limited range rejects.
func invalidValues(of reflect.Type) []any {
	switch of.Kind() {
	case reflect.String:
		return []any{" ", ""}
	case reflect.Int, reflect.Float64:
		return []any{-1}
	case reflect.Slice:
		if of.Elem().Kind() == reflect.String {
			return []any{[]string{" "}}
		}
		element := map[string]any{}
		for _, field := range configKeys("", reflect.New(of.Elem()).Elem()) {
			if values := invalidValues(field.value.Type()); len(values) > 0 && field.value.Kind() != reflect.Slice {
				element[field.path] = values[0]
			}
		}
		return []any{[]any{element}}
	default:
		return nil
	}
}

// required are the values without which the program rejects every stack file, and a GitLab project, without which
// it ignores the other keys of iam.
var required = map[string]map[string]any{
	"tags": {"environment": "dev"},
	"dns":  {"domain": "example.com"},
	"iam":  {"gitlabUrl": "https://gitlab.com", "projectPath": "group/project"},
}

// accepted returns the accepted values in the program's message about an invalid value, by the path of the key or of
// a key below it. It is empty for a key that accepts every value of its type.
func accepted(t *testing.T, object string, key configKey) map[string]string {
	found := map[string]string{}
	for _, value := range invalidValues(key.value.Type()) {
		var problems *config.Error
		_, err := load(withValue(t, object, key.path, value), "didomi", "dev")
		if err == nil {
			continue
		}
		if !errors.As(err, &problems) {
			t.Fatal(err)
		}
		for _, p := range problems.Problems {
			path := strings.ReplaceAll(strings.TrimPrefix(p.Key, "didomi:"+object+"."), "[0]", "[]")
			if (path == key.path || strings.HasPrefix(path, key.path+"[]")) && found[path] == "" {
				found[path] = p.MustBe
			}
		}
	}
	return found
}

// withValue returns the configuration of a stack file that sets one key and the required ones.
func withValue(t *testing.T, object, path string, value any) config.Values {
	t.Helper()
	names := strings.Split(path, ".")
	for i, name := range slices.Backward(names) {
		if i > 0 {
			value = map[string]any{name: value}
		}
	}
	values := config.Values{"aws:region": "eu-west-1"}
	for name, keys := range required {
		keys = maps.Clone(keys)
		if name == object {
			keys[names[0]] = value
		}
		values["didomi:"+name] = asJSON(t, keys)
	}
	if required[object] == nil {
		values["didomi:"+object] = asJSON(t, map[string]any{names[0]: value})
	}
	return values
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// described is the description of one or more keys in Pulumi.yaml: their names, type and text.
type described struct {
	names []string
	kind  string
	text  string
}

var describedStart = regexp.MustCompile(`^([a-z][A-Za-z.]*(?:, [a-z][A-Za-z.]*)*) \(([a-z ]+)(?:, required)?\): (.*)$`)

// descriptions reads the description of an object in Pulumi.yaml: a text, and then one entry for each key.
func descriptions(text string) (about string, entries []described) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := describedStart.FindStringSubmatch(line); m != nil {
			entries = append(entries, described{strings.Split(m[1], ", "), m[2], m[3]})
		} else if len(entries) > 0 {
			entries[len(entries)-1].text += " " + line
		} else {
			about += " " + line
		}
	}
	return strings.TrimSpace(about), entries
}

// configurationTable returns the rows of one object of the stack file.
func configurationTable(t *testing.T, object string, defaults reflect.Value, text string) string {
	about, entries := descriptions(text)
	table := fmt.Sprintf("## `didomi:%s`\n\n%s\n\n", object, about) + docpage.Head("key", "type", "default", "accepted values", "effect")
	for _, key := range configKeys("", defaults) {
		i := slices.IndexFunc(entries, func(d described) bool { return slices.Contains(d.names, key.path) })
		if i < 0 {
			t.Errorf("Pulumi.yaml does not describe didomi:%s %s", object, key.path)
			continue
		}
		kind := typeName(key.value.Type())
		if entries[i].kind != kind {
			t.Errorf("in Pulumi.yaml %s.%s has the type %q, in the program %q", object, key.path, entries[i].kind, kind)
		}
		limits := accepted(t, object, key)
		table += docpage.Row("`"+key.path+"`", kind, defaultText(t, key.value), limits[key.path]+limits[key.path+"[]"], entries[i].text)
		if element := key.value.Type(); kind == "list of objects" {
			for _, field := range configKeys(key.path+"[].", reflect.New(element.Elem()).Elem()) {
				table += docpage.Row("`"+field.path+"`", typeName(field.value.Type()), "", limits[field.path]+limits[field.path+"[]"], "")
			}
		}
	}
	return table
}

func defaultText(t *testing.T, value reflect.Value) string {
	if value.Kind() == reflect.Slice && value.Len() == 0 {
		return "`[]`"
	}
	return "`" + asJSON(t, value.Interface()) + "`"
}

func TestTheConfigurationReferenceIsThatOfTheProgram(t *testing.T) {
	var project projectFile
	readYAML(t, "Pulumi.yaml", &project)
	program := reflect.ValueOf(defaults(project.Name))
	var tables []string
	for i := range program.NumField() {
		if object := program.Type().Field(i).Tag.Get("json"); object != "" {
			tables = append(tables, configurationTable(t, object, program.Field(i), project.Config["didomi:"+object].Description))
		}
	}
	docpage.Check(t, page("configuration.md"), strings.Join(tables, "\n"))
}

// The description of an output is the comment behind its export.
func TestTheOutputsReferenceIsThatOfTheProgram(t *testing.T) {
	files := token.NewFileSet()
	source, err := parser.ParseFile(files, "wiring.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[int]string{}
	for _, c := range source.Comments {
		comments[files.Position(c.Pos()).Line] = strings.TrimSpace(c.Text())
	}
	table := docpage.Head("output", "secret", "value")
	ast.Inspect(source, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "Export" {
			return true
		}
		name := strings.Trim(call.Args[0].(*ast.BasicLit).Value, `"`)
		about := comments[files.Position(call.Pos()).Line]
		if about == "" {
			t.Errorf("wiring.go has no comment behind the output %s", name)
		}
		secret := ""
		if value, ok := call.Args[1].(*ast.CallExpr); ok {
			if f, ok := value.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "ToSecret" {
				secret = "yes"
			}
		}
		table += docpage.Row("`"+name+"`", secret, about)
		return true
	})
	docpage.Check(t, page("outputs.md"), table)
}

// The descriptions of variables are the page's own; the functions that have a variable are compared with the program.
func TestTheEnvironmentReferenceListsTheVariablesOfEveryFunction(t *testing.T) {
	functions := map[string][]string{}
	for _, values := range []map[string]string{
		stackValues(t, "Pulumi.dev.yaml"), stackValues(t, "Pulumi.prod.yaml"),
		restoredValues(t, "Pulumi.dev.yaml"), restoredValues(t, "Pulumi.prod.yaml"),
	} {
		r, err := mocks.Mocks{Config: values, Outputs: mocks.KnownSecrets}.Try(program())
		if err != nil {
			t.Fatal(err)
		}
		for _, function := range r.OfType("aws:lambda/function:Function") {
			handler, _ := function.Inputs["handler"].(string)
			environment, _ := function.Inputs["environment"].(map[string]any)
			variables, _ := environment["variables"].(map[string]any)
			for name := range variables {
				if !slices.Contains(functions[name], handler) {
					functions[name] = append(functions[name], handler)
				}
			}
		}
	}
	listed := environmentRows(t)
	for name, handlers := range functions {
		slices.Sort(handlers)
		if want := strings.Join(handlers, ", "); listed[name] != want {
			t.Errorf("in docs/reference/environment-variables.md %s is set for %q, in the program for %q", name, listed[name], want)
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("docs/reference/environment-variables.md lists %s, which the program sets for no function", name)
	}
}

// restoredValues are a stack's values after a restore of its database.
func restoredValues(t *testing.T, file string) map[string]string {
	t.Helper()
	return databaseValues(t, file, map[string]any{"generation": 2, "previous": "retired"})
}

// databaseValues are a stack's values with settings of its database.
func databaseValues(t *testing.T, file string, settings map[string]any) map[string]string {
	t.Helper()
	values := stackValues(t, file)
	var own map[string]any
	if err := json.Unmarshal([]byte(values[mocks.Project+":data"]), &own); err != nil {
		t.Fatal(err)
	}
	database := own["database"].(map[string]any)
	maps.Copy(database, settings)
	text, err := json.Marshal(own)
	if err != nil {
		t.Fatal(err)
	}
	values[mocks.Project+":data"] = string(text)
	return values
}

// environmentRows reads the first table of the page: the functions of each variable.
func environmentRows(t *testing.T) map[string]string {
	t.Helper()
	rows := map[string]string{}
	section, _, _ := strings.Cut(sources(t, "environment-variables.md")[page("environment-variables.md")], "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			rows[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[2])
		}
	}
	return rows
}
