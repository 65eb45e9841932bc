package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// settle is how long Pulumi may take to finish what it has begun when it is
// asked to stop.
const settle = 45 * time.Second

// Stack is a stack of the program, ready to be run in the sandbox.
type Stack struct {
	Name   string
	Region string
	Layout layout.Layout
	Report daemon.Report // of the daemon that serves the account
}

// Program is the path of the Pulumi CLI.
func Program(l layout.Layout) string { return filepath.Join(l.Bin(), "pulumi") }

// Open makes the stack in the backend when it is not there and writes the copy
// of its file.
func Open(ctx context.Context, l layout.Layout, name string, r daemon.Report) (*Stack, error) {
	document, region, err := ReadStack(l, name)
	if err != nil {
		return nil, err
	}
	if region != r.Region {
		return nil, fmt.Errorf("stack %s is for region %s, and the running sandbox serves %s: make down first", name, region, r.Region)
	}
	if err := ensurePassphrase(l); err != nil {
		return nil, err
	}
	s := &Stack{Name: name, Region: region, Layout: l, Report: r}
	salt, err := s.create(ctx)
	if err != nil {
		return nil, err
	}
	return s, WriteStackFile(l, name, document, salt)
}

// create makes the stack in the backend when it is not there and returns its
// salt. The CLI writes the salt beside Pulumi.yaml, so it works in a folder of
// the sandbox's own.
func (s *Stack) create(ctx context.Context) (salt string, err error) {
	dir := filepath.Join(s.Layout.State(), "project")
	project, err := os.ReadFile(filepath.Join(s.Layout.Repo, "Pulumi.yaml"))
	if err != nil {
		return "", fmt.Errorf("read the project file: %w", err)
	}
	if err := writeWhole(filepath.Join(dir, "Pulumi.yaml"), project); err != nil {
		return "", err
	}
	written := filepath.Join(dir, "Pulumi."+s.Name+".yaml")
	if _, err := os.Stat(written); errors.Is(err, os.ErrNotExist) {
		var out bytes.Buffer
		err := s.run(ctx, dir, &out, nil, "stack", "init", s.Name, "--secrets-provider", "passphrase", "--no-select", "--non-interactive")
		if err != nil {
			return "", fmt.Errorf("make the stack %s: %w\n%s", s.Name, err, out.String())
		}
	}
	content, err := os.ReadFile(written)
	if err != nil {
		return "", fmt.Errorf("read the stack's salt: %w", err)
	}
	var file struct {
		Salt string `yaml:"encryptionsalt"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return "", fmt.Errorf("read the stack's salt in %s: %w", written, err)
	}
	return file.Salt, nil
}

// Args are the arguments of a command of the CLI that works on the stack.
func (s *Stack) Args(command string, more ...string) []string {
	return append([]string{
		command, "--stack", s.Name, "--config-file", StackFile(s.Layout, s.Name), "--non-interactive",
	}, more...)
}

// Env is the environment of the CLI.
func (s *Stack) Env() []string {
	return Inherit(s.Layout, Environment(s.Layout, s.Report, s.Region))
}

// Run runs the CLI in the repository, its output to out. When ctx ends, or the
// daemon does, it is asked to stop and then made to.
func (s *Stack) Run(ctx context.Context, out io.Writer, extra []string, args ...string) error {
	return s.run(ctx, s.Layout.Repo, out, extra, args...)
}

func (s *Stack) run(ctx context.Context, dir string, out io.Writer, extra []string, args ...string) error {
	process, err := child.Start(child.Spec{
		Name: "pulumi " + args[0], Path: Program(s.Layout), Args: args,
		Dir: dir, Env: append(append(s.Env(), extra...), child.Marker(s.Layout.Root)), Log: out, Stop: syscall.SIGINT,
	})
	if err != nil {
		return err
	}
	alive := time.NewTicker(time.Second)
	defer alive.Stop()
	for {
		select {
		case <-process.Done():
			return process.Err()
		case <-ctx.Done():
			process.Stop(settle)
			if process.Err() == nil {
				return s.clear() // it had just done its work
			}
			return errors.Join(fmt.Errorf("%w, pulumi ended with %w", ctx.Err(), process.Err()), s.clear())
		case <-alive.C:
			if syscall.Kill(s.Report.PID, 0) != nil {
				// Every call would be tried again for minutes.
				process.Stop(0)
				return errors.Join(fmt.Errorf("the sandbox's daemon is gone: see %s", s.Layout.Log("daemon")), s.clear())
			}
		}
	}
}

// clear ends the plugins that a CLI which was stopped has left.
func (s *Stack) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := child.KillMarked(ctx, s.Layout.Root, s.Report.PID)
	return err
}
