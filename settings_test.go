package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"gopkg.in/yaml.v3"
)

// projectFile is the part of Pulumi.yaml that the tests read.
type projectFile struct {
	Name   string
	Config map[string]struct {
		Type, Description string
		Default           any
	}
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// plain converts a value to JSON's types, so that a struct compares with a value from YAML.
func plain(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return listed(out)
}

// listed gives a list without items one form: nil and empty are equal.
func listed(value any) any {
	object, ok := value.(map[string]any)
	if !ok && value == nil {
		return []any{}
	}
	for name, item := range object {
		object[name] = listed(item)
	}
	return value
}

// paths are the paths of all settings below an object.
func paths(prefix string, value any) []string {
	object, ok := value.(map[string]any)
	if !ok {
		return []string{strings.TrimSuffix(prefix, ".")}
	}
	var all []string
	for name, item := range object {
		all = append(all, paths(prefix+name+".", item)...)
	}
	return all
}

func TestTheProjectFileDescribesEverySettingWithTheProgramsDefault(t *testing.T) {
	var project projectFile
	readYAML(t, "Pulumi.yaml", &project)
	components := plain(t, defaults(project.Name)).(map[string]any)
	if len(project.Config) != len(components) {
		t.Errorf("Pulumi.yaml declares %d components, the program has %d", len(project.Config), len(components))
	}
	for component, want := range components {
		t.Run(component, func(t *testing.T) {
			declared := project.Config[project.Name+":"+component]
			if declared.Type != "object" {
				t.Errorf("its type is %q, want object", declared.Type)
			}
			if got := plain(t, declared.Default); !reflect.DeepEqual(got, want) {
				t.Errorf("its default is\n  %v\nthe program's is\n  %v", got, want)
			}
			for _, key := range paths("", want) {
				if !strings.Contains(declared.Description, key) {
					t.Errorf("%s is not described", key)
				}
			}
		})
	}
}

// stackValues is a stack file's configuration as the CLI passes it to the program.
func stackValues(t *testing.T, path string) config.Values {
	t.Helper()
	var file struct{ Config map[string]any }
	readYAML(t, path, &file)
	values := config.Values{}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			values[key] = text
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		values[key] = string(text)
	}
	return values
}

// projectValues are a stack file's values in a project of another name.
func projectValues(t *testing.T, project, path string) config.Values {
	t.Helper()
	values := config.Values{}
	for key, value := range stackValues(t, path) {
		if component, ok := strings.CutPrefix(key, "didomi:"); ok {
			key = project + ":" + component
		}
		values[key] = value
	}
	return values
}

func TestEveryStackFileIsAccepted(t *testing.T) {
	files, err := filepath.Glob("Pulumi.*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("found the stack files %v (%v), want dev and prod at least", files, err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			stack := strings.TrimSuffix(strings.TrimPrefix(file, "Pulumi."), ".yaml")
			if _, err := load(stackValues(t, file), "didomi", stack); err != nil {
				t.Error(err)
			}
		})
	}
}
