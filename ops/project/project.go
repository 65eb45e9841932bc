// Package project reads the name of the Pulumi project, which begins the stack's configuration keys, the names
// of its resources and their types.
package project

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// Flag adds the flag --project, which names another project than the Pulumi.yaml of the working directory does.
func Flag(flags *flag.FlagSet) func() (string, error) {
	given := flags.String("project", "", "the Pulumi `project`; the name in Pulumi.yaml unless set")
	return func() (string, error) {
		if *given != "" {
			return *given, nil
		}
		return Name(".")
	}
}

// Name is the name in the Pulumi.yaml of a directory.
func Name(dir string) (string, error) {
	path := filepath.Join(dir, "Pulumi.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the project's name: %w", err)
	}
	var file struct{ Name string }
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "", fmt.Errorf("read the project's name: %s: %w", path, err)
	}
	if file.Name == "" {
		return "", fmt.Errorf("read the project's name: %s has no name", path)
	}
	return file.Name, nil
}
