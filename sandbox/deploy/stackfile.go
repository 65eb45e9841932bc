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

// backendSettings are the top-level keys of a stack file that belong to its
// backend, not to its configuration: what the stack's secrets are encrypted
// with.
type backendSettings struct {
	Salt            string `yaml:"encryptionsalt,omitempty"`
	EncryptedKey    string `yaml:"encryptedkey,omitempty"`
	SecretsProvider string `yaml:"secretsprovider,omitempty"`
}

// replace puts the settings in the place of those that the stack has elsewhere.
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

// StackFile is the copy of a stack's file that the sandbox's runs use.
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

// stacks lists the stacks that the project has files of.
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

// GitLabURL, ProjectPath and ProjectID are the GitLab instance and project whose tokens
// the sandbox signs. The number is the one that gitlab-ci-local gives every project.
const (
	GitLabURL   = "https://gitlab.com"
	ProjectPath = "didomi/serverless-api"
	ProjectID   = 1217
)

// Project is that project, as its tokens tell of it.
func Project() oidc.Project {
	return oidc.Project{URL: GitLabURL, Path: ProjectPath, ID: ProjectID, Protected: []string{"main"}, ProtectRequests: true}
}

// value is one that the copy of a stack file has in the room's object.
type value struct {
	room, key string
	node      *yaml.Node
	// unset leaves what the file already says.
	unset bool
	// protected leaves out a stack whose data is not protected.
	protected bool
}

// stackValues are what the copy of a stack's file says otherwise than the
// repository: the function's architecture is this machine's, the state is
// where bootstrap made place for it, the GitLab project is the sandbox's, and
// nobody need delegate a domain of the emulated Internet. A protected stack
// that names no recipient of its alarms has one here, to which nothing is
// sent; any other does without, as on AWS.
func stackValues(base Base) []value {
	return []value{
		{room: "didomi:api", key: "architecture", node: text(hostArchitecture())},
		{room: "didomi:api", key: "alarmEmails", node: list("on-call@sandbox.internal"), unset: true, protected: true},
		{room: "didomi:dns", key: "delegated", node: &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}},
		{room: "didomi:iam", key: "gitlabUrl", node: text(GitLabURL)},
		{room: "didomi:iam", key: "projectPath", node: text(ProjectPath)},
		{room: "didomi:iam", key: "projectId", node: &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(ProjectID)}},
		{room: "didomi:iam", key: "stateBucket", node: text(base.StateBucket)},
		{room: "didomi:iam", key: "stateKey", node: text(base.StateKey)},
	}
}

// baseValues are what the copy of the bootstrap program's file says otherwise.
func baseValues() []value {
	return []value{{room: "didomi-bootstrap:pipeline", key: "gitlabUrl", node: text(GitLabURL)}}
}

// writeStackFile writes the copy of a stack file with other backend settings
// and values; all else is as it is.
func writeStackFile(path string, document *yaml.Node, settings backendSettings, values []value) error {
	top := document
	if document.Kind == yaml.DocumentNode {
		top = document.Content[0]
	}
	settings.replace(top)
	if config := mapping(top, "config"); config != nil {
		for _, v := range values {
			// Where the file has something else than a mapping, the program is to
			// say so, not we.
			room := mapping(config, v.room)
			if room != nil && (!v.unset || index(room, v.key) < 0) && (!v.protected || isProtected(config)) {
				set(room, v.key, v.node)
			}
		}
	}
	text, err := yaml.Marshal(top)
	if err != nil {
		return fmt.Errorf("write the stack file's copy: %w", err)
	}
	return atomicfile.Write(path, text, 0o600)
}

// hostArchitecture is what Lambda calls the machine's architecture.
func hostArchitecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// isProtected says whether a stack's file leaves the protection of its data on.
func isProtected(config *yaml.Node) bool {
	data := index(config, "didomi:data")
	if data < 0 {
		return true
	}
	protect := index(config.Content[data+1], "protect")
	return protect < 0 || config.Content[data+1].Content[protect+1].Value != "false"
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
