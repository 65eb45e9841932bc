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

// settle is how long Pulumi may take to finish what it has begun when it is
// asked to stop.
const settle = 45 * time.Second

// Program is the path of the Pulumi CLI.
func Program(l layout.Layout) string { return filepath.Join(l.Bin(), "pulumi") }

// cli is the Pulumi CLI with one backend, in the sandbox's environment.
type cli struct {
	layout layout.Layout
	report daemon.Report     // of the daemon that serves the account
	vars   map[string]string // over the inherited environment
}

// create makes the stack in the backend when it is not there and returns what
// its file says about the backend. The CLI writes that beside Pulumi.yaml, so it
// works in a folder of the sandbox's own.
func (c cli) create(ctx context.Context, project, stack, secrets string) (backendSettings, error) {
	var settings backendSettings
	if err := keepNoLog(c.layout.Home()); err != nil {
		return settings, err
	}
	description, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	if err != nil {
		return settings, fmt.Errorf("read the project file: %w", err)
	}
	dir := filepath.Join(c.layout.State(), "project", filepath.Base(project))
	if err := atomicfile.Write(filepath.Join(dir, "Pulumi.yaml"), description, 0o600); err != nil {
		return settings, err
	}
	written := filepath.Join(dir, "Pulumi."+stack+".yaml")
	if _, err := os.Stat(written); errors.Is(err, os.ErrNotExist) {
		// Killed in between, the stack would be there and not how it is encrypted.
		err := whileBusy(c.layout, stack, func() error {
			var out bytes.Buffer
			err := c.run(ctx, dir, &out, "stack", "init", stack, "--secrets-provider", secrets, "--no-select", "--non-interactive")
			if err != nil {
				return fmt.Errorf("make the stack %s: %w\n%s", stack, err, out.String())
			}
			return nil
		})
		if err != nil {
			return settings, err
		}
	}
	content, err := os.ReadFile(written)
	if err != nil {
		return settings, fmt.Errorf("read what the stack %s is encrypted with: %w", stack, err)
	}
	if err := yaml.Unmarshal(content, &settings); err != nil {
		return settings, fmt.Errorf("read what the stack %s is encrypted with in %s: %w", stack, written, err)
	}
	return settings, nil
}

// keepNoLog has the CLI write no log of all that it does, which takes a fifth of its time. No setting says
// so, but it goes without where it cannot make the folder of these logs.
func keepNoLog(home string) error {
	path := filepath.Join(home, "logs")
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return nil
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("remove the CLI's logs: %w", err)
	}
	return atomicfile.Write(path, []byte("In the place of the folder of the CLI's logs, so that it writes none.\n"), 0o600)
}

// run runs the CLI in dir, its output to out. When ctx ends, or the daemon
// does, it is asked to stop and then made to.
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
			process.Stop(settle)
			if process.Err() == nil {
				return c.clear() // it had just done its work
			}
			return errors.Join(fmt.Errorf("%w, pulumi ended with %w", ctx.Err(), process.Err()), c.clear())
		case <-alive.C:
			if syscall.Kill(c.report.PID, 0) != nil {
				// Every call would be tried again for minutes.
				process.Stop(0)
				return errors.Join(fmt.Errorf("the sandbox's daemon is gone: see %s", c.layout.Log("daemon")), c.clear())
			}
		}
	}
}

// clear ends the plugins that a CLI which was stopped has left.
func (c cli) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := child.KillMarked(ctx, c.layout.Root, c.report.PID)
	return err
}
