package deploy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// backendSettings are the top-level keys of a stack file that depend on its backend: the encryption of the stack's
// secrets.
type backendSettings struct {
	Salt            string `yaml:"encryptionsalt,omitempty"`
	EncryptedKey    string `yaml:"encryptedkey,omitempty"`
	SecretsProvider string `yaml:"secretsprovider,omitempty"`
}

// replace replaces the settings of the stack's other backends.
func (b backendSettings) replace(top *yaml.Node) {
	for key, value := range map[string]string{
		"encryptionsalt": b.Salt, "encryptedkey": b.EncryptedKey, "secretsprovider": b.SecretsProvider,
	} {
		remove(top, key)
		if value != "" {
			set(top, key, text(value))
		}
	}
}

// StackFile is the copy of a stack's file that the sandbox uses.
func StackFile(l layout.Layout, stack string) string {
	return filepath.Join(l.State(), "Pulumi."+stack+".yaml")
}

// ReadStack reads a stack's file in the repository and returns it with its
// region.
func ReadStack(l layout.Layout, stack string) (*yaml.Node, string, error) {
	return readStackFile(l.Repo, stack)
}

func readStackFile(project, stack string) (*yaml.Node, string, error) {
	path := filepath.Join(project, "Pulumi."+stack+".yaml")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("no stack %q: there is no %s (stacks: %s)", stack, path, strings.Join(stacks(project), ", "))
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

// stacks lists the project's stacks by their files.
func stacks(project string) []string {
	files, err := filepath.Glob(filepath.Join(project, "Pulumi.*.yaml"))
	if err != nil {
		return nil
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	return names
}

// GitLabURL and ProjectID are the GitLab instance and project whose tokens the sandbox signs. The ID is that of every
// project in gitlab-ci-local.
const (
	GitLabURL = "https://gitlab.com"
	ProjectID = 1217
)

// GitLabProject returns the project with that path.
func GitLabProject(path string) oidc.Project {
	return oidc.Project{URL: GitLabURL, Path: path, ID: ProjectID, Protected: []string{"main"}, ProtectRequests: true}
}

// projectPath returns the path of the GitLab project in a stack's file, or the sandbox's own if the file sets none.
func projectPath(project string, document *yaml.Node) string {
	var file struct {
		Config map[string]yaml.Node
	}
	var iam struct {
		ProjectPath string `yaml:"projectPath"`
	}
	// If the file does not decode, the program reports the error.
	if document.Decode(&file) == nil {
		if section, ok := file.Config[project+":iam"]; ok && section.Decode(&iam) == nil && iam.ProjectPath != "" {
			return iam.ProjectPath
		}
	}
	return project + "/serverless-api"
}

// value is a value that the copy of a stack file has in a section.
type value struct {
	section, key string
	node         *yaml.Node
	// unset: only if the file does not set the key.
	unset bool
	// protected: only for stacks whose data is protected.
	protected bool
}

// stackValues are the values in which the copy of a stack's file differs from the repository's: the function has this
// machine's architecture, the state is in bootstrap's bucket, the GitLab instance is the sandbox's, and the domain needs
// no delegation. A protected stack without recipients of alarms gets one here, to which nothing is sent. Other stacks
// need none, as on AWS.
func stackValues(project, path string, base Base) []value {
	return []value{
		{section: project + ":api", key: "architecture", node: text(hostArchitecture())},
		{section: project + ":api", key: "alarmEmails", node: list("on-call@sandbox.internal"), unset: true, protected: true},
		{section: project + ":dns", key: "delegated", node: &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}},
		{section: project + ":iam", key: "gitlabUrl", node: text(GitLabURL)},
		{section: project + ":iam", key: "projectPath", node: text(path)},
		{section: project + ":iam", key: "projectId", node: &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(ProjectID)}},
		{section: project + ":iam", key: "stateBucket", node: text(base.StateBucket)},
		{section: project + ":iam", key: "stateKey", node: text(base.StateKey)},
	}
}

// baseValues are the values in which the copy of the bootstrap program's file differs.
func baseValues(project string) []value {
	return []value{{section: project + ":pipeline", key: "gitlabUrl", node: text(GitLabURL)}}
}

// writeStackFile writes the copy of a stack file with these backend settings and values.
func writeStackFile(path, project string, document *yaml.Node, settings backendSettings, values []value) error {
	top := document
	if document.Kind == yaml.DocumentNode {
		top = document.Content[0]
	}
	settings.replace(top)
	if config := mapping(top, "config"); config != nil {
		for _, v := range values {
			// If the section is not a mapping, the program reports the error.
			section := mapping(config, v.section)
			if section != nil && (!v.unset || index(section, v.key) < 0) && (!v.protected || isProtected(project, config)) {
				set(section, v.key, v.node)
			}
		}
	}
	text, err := yaml.Marshal(top)
	if err != nil {
		return fmt.Errorf("encode the stack file's copy: %w", err)
	}
	return atomicfile.Write(path, text, 0o600)
}

// hostArchitecture is Lambda's name of the machine's architecture.
func hostArchitecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// isProtected reports whether the data of the stack is protected.
func isProtected(project string, config *yaml.Node) bool {
	data := index(config, project+":data")
	if data < 0 {
		return true
	}
	protect := index(config.Content[data+1], "protect")
	return protect < 0 || config.Content[data+1].Content[protect+1].Value != "false"
}

// mapping returns the mapping under key, which it creates if missing. It returns nil if the value is not a mapping.
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

func set(parent *yaml.Node, key string, value *yaml.Node) {
	if at := index(parent, key); at >= 0 {
		parent.Content[at+1] = value
		return
	}
	parent.Content = append(parent.Content, text(key), value)
}

func remove(parent *yaml.Node, key string) {
	if at := index(parent, key); at >= 0 {
		parent.Content = slices.Delete(parent.Content, at, at+2)
	}
}

// index returns the key's index in a mapping's content, or -1.
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

func list(items ...string) *yaml.Node {
	sequence := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, item := range items {
		sequence.Content = append(sequence.Content, text(item))
	}
	return sequence
}

func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}
