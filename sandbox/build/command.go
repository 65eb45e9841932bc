package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// job is where and how a step's programs run. They end with this process; the mark identifies those that outlive it.
type job struct {
	mark string // see child.Marker
	temp string // directory of temporary files, created when missing
	dir  string
	env  []string // added to this process's
	log  io.Writer
}

// mark identifies the programs of the steps. It is not the sandbox's own mark, because a build may run while a sandbox is
// started or stopped.
func mark(l layout.Layout) string { return l.Build() }

// programMark identifies the compiler of a deployment's program, which a concurrent build must not end.
func programMark(l layout.Layout) string { return filepath.Join(l.Build(), "program") }

// ClearProgram ends compilers of the program that a killed deployment has left. The caller must hold the lock of
// deployments.
func ClearProgram(ctx context.Context, l layout.Layout) error {
	_, err := child.KillMarked(ctx, programMark(l), 0)
	return err
}

// Clear ends processes that a killed build has left. The caller must hold the build's lock.
func Clear(ctx context.Context, l layout.Layout) error {
	_, err := child.KillMarked(ctx, mark(l), 0)
	return err
}

// run runs a program, and ends its process group when ctx ends.
func (j job) run(ctx context.Context, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		return err
	}
	if err := layout.PrivateDir(j.temp); err != nil {
		return err
	}
	process, err := child.Start(child.Spec{
		Name: filepath.Base(name), Path: path, Args: args, Dir: j.dir, Log: j.log,
		Env: j.environment(),
	})
	if err != nil {
		return err
	}
	if err := process.Wait(ctx); err != nil {
		return fmt.Errorf("%s in %s: %w", filepath.Base(name), j.dir, err)
	}
	return nil
}

// output runs a program that takes seconds and returns its standard output.
func (j job) output(ctx context.Context, name string, args ...string) ([]byte, error) {
	if err := layout.PrivateDir(j.temp); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stderr = j.dir, j.environment(), j.log
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s in %s: %w", name, j.dir, err)
	}
	return out, nil
}

func (j job) environment() []string {
	return slices.Concat(os.Environ(), settings(), j.env, layout.TempEnv(j.temp), []string{child.Marker(j.mark)})
}

// goBuild builds a Go package of the module in the job's directory to the file output, and shows its progress.
func (j job) goBuild(ctx context.Context, log *Log, output, pkg string, flags ...string) error {
	packages, err := stalePackages(ctx, j, pkg, flags...)
	if err != nil {
		return err
	}
	log.expect(packages)
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return fmt.Errorf("create the directory of programs: %w", err)
	}
	return atomicfile.Create(output, func(temporary string) error {
		return j.run(ctx, "go", append([]string{"build", "-v", "-o", temporary}, append(flags, pkg)...)...)
	})
}
