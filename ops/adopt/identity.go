package adopt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/naming"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/project"
)

// Identity has the names of a project.
type Identity struct {
	// Project is Pulumi's name of it, Module the Go module's, and Domain the parent of the stacks' host names.
	Project, Module, Domain string
}

func (i Identity) String() string {
	return fmt.Sprintf("%s (module %s, domain %s)", i.Project, i.Module, i.Domain)
}

// path is the project's path in GitLab: the module without its host.
func (i Identity) path() string {
	_, path, _ := strings.Cut(i.Module, "/")
	return path
}

// problems lists everything that AWS, Pulumi or Go would reject.
func (i Identity) problems() []config.FieldError {
	problems := naming.Names{Project: i.Project, Stack: "prod"}.Validate()
	for n := range problems {
		// A name that is allowed but leaves too little for the stacks' is the project's problem as well.
		problems[n].Key = "--name with a stack prod: " + problems[n].Key
	}
	if err := module.CheckPath(i.Module); err != nil || strings.Count(i.Module, "/") < 2 {
		problems = append(problems, config.FieldError{
			Key: "--module", Value: config.Quote(i.Module),
			MustBe: "a Go module path of host, group and project, such as gitlab.example/acme/payments",
		})
	}
	return append(problems, naming.DomainProblems("--domain", i.Domain)...)
}

// check reports every invalid name at once.
func (i Identity) check(ctx context.Context, tree repository) error {
	common, err := tree.commonWord(ctx, i.Project)
	if err != nil {
		return err
	}
	problems := append(i.problems(), common...)
	if len(problems) == 0 {
		return nil
	}
	lines := []string{"nothing was renamed:"}
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	return command.BadUsage("%s", strings.Join(lines, "\n  "))
}

// read is the identity of the tree in a directory.
func read(dir string) (Identity, error) {
	var found Identity
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return found, fmt.Errorf("read the module's path: %w", err)
	}
	if found.Module = modfile.ModulePath(text); found.Module == "" {
		return found, errors.New("read the module's path: go.mod has none")
	}
	if found.Project, err = project.Name(dir); err != nil {
		return found, err
	}
	if text, err = os.ReadFile(filepath.Join(dir, "Pulumi.prod.yaml")); err != nil {
		return found, fmt.Errorf("read the domain: %w", err)
	}
	var stack struct{ Config map[string]yaml.Node }
	if err := yaml.Unmarshal(text, &stack); err != nil {
		return found, fmt.Errorf("read Pulumi.prod.yaml: %w", err)
	}
	var dns struct{ Domain string }
	node := stack.Config[found.Project+":dns"]
	if err := node.Decode(&dns); err != nil {
		return found, fmt.Errorf("read Pulumi.prod.yaml: %w", err)
	}
	if found.Domain = dns.Domain; found.Domain == "" {
		return found, fmt.Errorf("read Pulumi.prod.yaml: %s:dns.domain is not set", found.Project)
	}
	return found, nil
}
