package deploy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// backendKeys are top-level keys of a stack file that belong to the backend
// that the stack has elsewhere, not to its configuration.
var backendKeys = []string{"encryptionsalt", "encryptedkey", "secretsprovider"}

// StackFile is the copy of a stack's file that the sandbox's runs use.
func StackFile(l layout.Layout, stack string) string {
	return filepath.Join(l.Root, "Pulumi."+stack+".yaml")
}

// ReadStack reads a stack's file in the repository and returns it with its
// region.
func ReadStack(l layout.Layout, stack string) (*yaml.Node, string, error) {
	path := filepath.Join(l.Repo, "Pulumi."+stack+".yaml")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("no stack %q: there is no %s (stacks: %s)", stack, path, strings.Join(stacks(l), ", "))
	}
	if err != nil {
		return nil, "", fmt.Errorf("read the stack file: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	var values struct {
		Config map[string]any `yaml:"config"`
	}
	if err := document.Decode(&values); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	region, ok := values.Config["aws:region"].(string)
	if !ok || region == "" {
		return nil, "", fmt.Errorf("%s sets no aws:region: set it, such as eu-west-1", path)
	}
	return &document, region, nil
}

// stacks lists the stacks that the repository has files of.
func stacks(l layout.Layout) []string {
	files, err := filepath.Glob(filepath.Join(l.Repo, "Pulumi.*.yaml"))
	if err != nil {
		return nil
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	return names
}

// WriteStackFile writes the copy of the stack file: the function's
// architecture is the host's, the salt is the sandbox's, all else is as it is.
func WriteStackFile(l layout.Layout, stack string, document *yaml.Node, salt string) error {
	top := document
	if document.Kind == yaml.DocumentNode {
		top = document.Content[0]
	}
	for _, key := range backendKeys {
		remove(top, key)
	}
	set(top, "encryptionsalt", salt)
	setArchitecture(top)
	text, err := yaml.Marshal(top)
	if err != nil {
		return fmt.Errorf("write the stack file's copy: %w", err)
	}
	return writeWhole(StackFile(l, stack), text)
}

// setArchitecture sets config["didomi:api"].architecture. Where the file has
// something else than a mapping, the program is to say so, not we.
func setArchitecture(top *yaml.Node) {
	config := mapping(top, "config")
	if config == nil {
		return
	}
	if api := mapping(config, "didomi:api"); api != nil {
		set(api, "architecture", hostArchitecture())
	}
}

// hostArchitecture is what Lambda calls the machine's architecture.
func hostArchitecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// mapping returns the mapping under key, made when missing; nil when there is
// something else.
func mapping(parent *yaml.Node, key string) *yaml.Node {
	if at := index(parent, key); at >= 0 {
		if value := parent.Content[at+1]; value.Kind == yaml.MappingNode {
			return value
		}
		return nil
	}
	value := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	parent.Content = append(parent.Content, text(key), value)
	return value
}

func set(parent *yaml.Node, key, value string) {
	if at := index(parent, key); at >= 0 {
		parent.Content[at+1] = text(value)
		return
	}
	parent.Content = append(parent.Content, text(key), text(value))
}

func remove(parent *yaml.Node, key string) {
	if at := index(parent, key); at >= 0 {
		parent.Content = slices.Delete(parent.Content, at, at+2)
	}
}

// index is where the key stands in a mapping's content; -1 when it does not.
func index(parent *yaml.Node, key string) int {
	if parent.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(parent.Content); i += 2 {
		if parent.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}
