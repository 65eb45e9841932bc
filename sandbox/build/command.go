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

// job is where and how a step's programs run. They end with us, and are known
// as parts of a build should they outlive us all the same.
type job struct {
	mark string // see child.Marker
	temp string // folder of temporary files, made when missing
	dir  string
	env  []string // over our own
	log  io.Writer
}

// mark is by what the programs of the steps are known: not the sandbox's own,
// since a build may run beside a sandbox that is started or stopped.
func mark(l layout.Layout) string { return l.Build() }

// programMark is by what the compiler is known when it compiles the program for
// a deployment, which a build beside it must let be.
func programMark(l layout.Layout) string { return filepath.Join(l.Build(), "program") }

// ClearProgram ends what a killed deployment has left of compiling the program.
// Only who holds the lock of deployments may call it.
func ClearProgram(ctx context.Context, l layout.Layout) error {
	_, err := child.KillMarked(ctx, programMark(l), 0)
	return err
}

// Clear ends what a killed build has left. Only who holds the build's lock may
// call it.
func Clear(ctx context.Context, l layout.Layout) error {
	_, err := child.KillMarked(ctx, mark(l), 0)
	return err
}

// run runs a program. When ctx ends, the program's whole process group is
// ended.
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
		Env: slices.Concat(os.Environ(), settings(), j.env, layout.TempEnv(j.temp), []string{child.Marker(j.mark)}),
	})
	if err != nil {
		return err
	}
	if err := process.Wait(ctx); err != nil {
		return fmt.Errorf("%s in %s: %w", filepath.Base(name), j.dir, err)
	}
	return nil
}

// goBuild builds a Go package of the module in the job's folder to the file
// output.
func (j job) goBuild(ctx context.Context, output, pkg string, flags ...string) error {
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return fmt.Errorf("make the folder of programs: %w", err)
	}
	return atomicfile.Create(output, func(temporary string) error {
		return j.run(ctx, "go", append([]string{"build", "-o", temporary}, append(flags, pkg)...)...)
	})
}
