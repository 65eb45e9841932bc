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

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// stopTimeout bounds the time in which Pulumi finishes running operations after a stop signal.
const stopTimeout = 45 * time.Second

// Program is the path of the Pulumi CLI.
func Program(l layout.Layout) string { return filepath.Join(l.Bin(), "pulumi") }

// cli is the Pulumi CLI with one backend, in the sandbox's environment.
type cli struct {
	layout layout.Layout
	report daemon.Report     // of the daemon that serves the account
	vars   map[string]string // override the inherited environment
}

// create creates the stack in the backend if it is missing and returns the backend settings of its file. The CLI writes
// that file next to Pulumi.yaml, so it runs in a directory of the sandbox.
func (c cli) create(ctx context.Context, project, stack, secrets string) (backendSettings, error) {
	var settings backendSettings
	if err := disableLogs(c.layout.Home()); err != nil {
		return settings, err
	}
	description, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	if err != nil {
		return settings, fmt.Errorf("read the project file: %w", err)
	}
	name := filepath.Base(project)
	if project == c.layout.Repo {
		name = filepath.Base(filepath.Dir(c.layout.Root)) // also for another working tree of the repository
	}
	dir := filepath.Join(c.layout.State(), "project", name)
	if err := atomicfile.Write(filepath.Join(dir, "Pulumi.yaml"), description, 0o600); err != nil {
		return settings, err
	}
	written := filepath.Join(dir, "Pulumi."+stack+".yaml")
	if _, err := os.Stat(written); errors.Is(err, os.ErrNotExist) {
		// A CLI killed in between leaves a stack without its encryption settings.
		err := whileBusy(c.layout, stack, func() error {
			var out bytes.Buffer
			err := c.run(ctx, dir, &out, "stack", "init", stack, "--secrets-provider", secrets, "--no-select", "--non-interactive")
			if err != nil {
				return fmt.Errorf("create the stack %s: %w\n%s", stack, err, out.String())
			}
			return nil
		})
		if err != nil {
			return settings, err
		}
	}
	content, err := os.ReadFile(written)
	if err != nil {
		return settings, fmt.Errorf("read the encryption settings of stack %s: %w", stack, err)
	}
	if err := yaml.Unmarshal(content, &settings); err != nil {
		return settings, fmt.Errorf("parse the encryption settings of stack %s in %s: %w", stack, written, err)
	}
	return settings, nil
}

// disableLogs keeps the CLI from writing its verbose log, which takes 20 % of its time. The CLI has no option for that,
// but it writes none if it cannot create the log directory.
func disableLogs(home string) error {
	path := filepath.Join(home, "logs")
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return nil
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("remove the CLI's logs: %w", err)
	}
	return atomicfile.Write(path, []byte("This file is in place of the CLI's log directory, so that the CLI writes no logs.\n"), 0o600)
}

// run runs the CLI in dir and writes its output to out. If ctx is done or the daemon exits, run stops the CLI, by force
// after a timeout.
func (c cli) run(ctx context.Context, dir string, out io.Writer, args ...string) error {
	process, err := child.Start(child.Spec{
		Name: "pulumi " + args[0], Path: Program(c.layout), Args: args, Dir: dir, Log: out, Stop: syscall.SIGINT,
		Env: append(Inherit(c.layout, c.vars), child.Marker(c.layout.Root)),
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
			process.Stop(stopTimeout)
			if process.Err() == nil {
				return c.clear() // it had already finished
			}
			return errors.Join(fmt.Errorf("%w, pulumi exited with %w", ctx.Err(), process.Err()), c.clear())
		case <-alive.C:
			if syscall.Kill(c.report.PID, 0) != nil {
				// Otherwise the provider would retry every call for minutes.
				process.Stop(0)
				return errors.Join(fmt.Errorf("the sandbox's daemon has exited: see %s", c.layout.Log("daemon")), c.clear())
			}
		}
	}
}

// clear kills the plugins of a stopped CLI.
func (c cli) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := child.KillMarked(ctx, c.layout.Root, c.report.PID)
	return err
}
