package deploy

import (
	"context"
	"fmt"
	"io"
	"maps"

	"github.com/didomi/serverless-api/ops/project"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// Stack is a stack of the program in the sandbox.
type Stack struct {
	Name   string
	Region string
	Layout layout.Layout
	Report daemon.Report // of the daemon that serves the account
	Base   Base          // the backend of its state
	// Project is the Pulumi project, ProjectPath the path of the GitLab project.
	Project, ProjectPath string
}

// Open creates the stack in the backend if it is missing and writes the copy of its file.
func Open(ctx context.Context, l layout.Layout, name string, r daemon.Report, base Base) (*Stack, error) {
	document, region, err := ReadStack(l, name)
	if err != nil {
		return nil, err
	}
	if region != r.Region {
		return nil, fmt.Errorf("stack %s is for region %s, and the running sandbox serves %s: make down first", name, region, r.Region)
	}
	pulumiProject, err := project.Name(l.Repo)
	if err != nil {
		return nil, err
	}
	path := projectPath(pulumiProject, document)
	s := &Stack{Name: name, Region: region, Layout: l, Report: r, Base: base, Project: pulumiProject, ProjectPath: path}
	settings, err := s.cli(nil).create(ctx, l.Repo, name, base.SecretsProvider)
	if err != nil {
		return nil, err
	}
	return s, writeStackFile(StackFile(l, name), pulumiProject, document, settings, stackValues(pulumiProject, path, base))
}

// Args returns the arguments of a CLI command for the stack.
func (s *Stack) Args(command string, more ...string) []string {
	return append([]string{
		command, "--stack", s.Name, "--config-file", StackFile(s.Layout, s.Name), "--non-interactive",
	}, more...)
}

// Run runs the CLI in the repository with additional variables and writes its output to out.
func (s *Stack) Run(ctx context.Context, out io.Writer, more map[string]string, args ...string) error {
	return s.cli(more).run(ctx, s.Layout.Repo, out, args...)
}

func (s *Stack) cli(more map[string]string) cli {
	vars := Environment(s.Layout, s.Report, s.Region, s.Base)
	maps.Copy(vars, more)
	return cli{s.Layout, s.Report, vars}
}
