package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/internal/compile"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/sandbox/daemon"
)

// job does what saved files require, in the order in which it matters to a developer.
type job struct {
	*loop
	todo  changes
	saved time.Time
}

// source is the directory of the functions' commands.
const source = "lambda"

// run does the pending steps up to the first failure.
func (j job) run(ctx context.Context) done {
	var d done
	for _, step := range []struct {
		todo *bool
		run  func(context.Context, *done) error
	}{
		{&j.todo.function, func(ctx context.Context, _ *done) error { return j.swapFunction(ctx) }},
		{&j.todo.operations, func(ctx context.Context, _ *done) error { return j.swapOperations(ctx) }},
		{&j.todo.migrations, func(ctx context.Context, _ *done) error { return j.migrate(ctx) }},
		{&j.todo.program, j.preview},
	} {
		if !*step.todo {
			continue
		}
		if err := step.run(ctx, &d); err != nil {
			if ctx.Err() == nil {
				j.fail(err)
			}
			break
		}
		*step.todo = false
	}
	d.left = j.todo
	return d
}

// fail shows why a step failed.
func (j job) fail(err error) {
	var compiler *buildError
	switch {
	case errors.As(err, &compiler):
		j.screen.printf(red, "does not compile, %s after the save; the previous code continues to serve\n%s", seconds(time.Since(j.saved)), compiler)
	case errors.Is(err, daemon.ErrNotInitialized):
		j.screen.printf(red, "%v\nthe previous code continues to serve", err)
	default:
		j.screen.printf(red, "%v", err)
	}
}

// swapFunction builds the API's function and has it serve.
func (j job) swapFunction(ctx context.Context) error {
	command := compile.Command
	if j.config.Debugger != nil {
		command = compile.Debug
	}
	binary, err := j.compile(ctx, command, ".", "function")
	if err != nil {
		return err
	}
	err = j.session.Swap(ctx, j.targets.api, daemon.Code{Qualifier: contract.LiveAlias, Binary: binary, Debugger: j.config.Debugger})
	if err != nil {
		return err
	}
	j.screen.printf(green, "the function serves the new code, %s after the save", seconds(time.Since(j.saved)))
	if j.config.Debugger != nil {
		j.screen.printf(plain, "debugger: attach to %s (docs/how-to/debug-a-request.md)", j.config.Debugger.Address)
	}
	return nil
}

// swapOperations builds the functions that a deployment and Secrets Manager invoke.
func (j job) swapOperations(ctx context.Context) error {
	binary, err := j.compile(ctx, compile.Command, "./operations", "operations")
	if err != nil {
		return err
	}
	for _, function := range j.targets.operations {
		if err := j.session.Swap(ctx, function, daemon.Code{Binary: binary}); err != nil {
			return err
		}
	}
	return nil
}

func (j job) compile(ctx context.Context, command func(source, command, architecture, output string) (*exec.Cmd, error), what, name string) (string, error) {
	output := filepath.Join(j.build, name)
	cmd, err := command(filepath.Join(j.config.Tree, source), what, architecture(), output)
	if err != nil {
		return "", err
	}
	return output, runGo(ctx, cmd, source, j.build)
}

// migrate runs the migrations of the tree, with the event of a deployment's invocation.
func (j job) migrate(ctx context.Context) error {
	began := time.Now()
	result, err := daemon.Invoke(ctx, j.config.Layout, j.targets.migrate, []byte("{}"))
	if err != nil {
		return fmt.Errorf("run the migration: %w", err)
	}
	if result.Failed {
		var failure struct {
			Message string `json:"errorMessage"`
		}
		if err := json.Unmarshal(result.Payload, &failure); err != nil {
			return fmt.Errorf("the migration failed: %s", result.Payload)
		}
		return fmt.Errorf("the migration failed: %s", failure.Message)
	}
	j.screen.printf(green, "migrated in %s: %s", seconds(time.Since(began)), result.Payload)
	return nil
}

// preview shows what an update would change.
func (j job) preview(ctx context.Context, d *done) error {
	began := time.Now()
	var report bytes.Buffer
	if err := j.config.Check(ctx, &report); err != nil {
		if report.Len() > 0 {
			return &buildError{compilerLines(report.String(), ".")}
		}
		return err
	}
	text, err := j.config.Preview(ctx)
	if err != nil {
		return err
	}
	p, err := readPlan(text)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	d.plan = &p
	p.show(j.screen, j.config.Stack, time.Since(began))
	return nil
}
