package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// command runs a program in dir with our environment and more, its output to
// log. When ctx ends, the program's whole process group is ended.
func command(ctx context.Context, log io.Writer, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s in %s: %w", filepath.Base(name), dir, err)
	}
	return nil
}

// goBuild builds a Go package of the module in dir to the file output, which is
// replaced whole.
func goBuild(ctx context.Context, log io.Writer, dir, output, pkg string, flags ...string) error {
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return fmt.Errorf("make the folder of programs: %w", err)
	}
	half := output + ".half"
	args := append([]string{"build", "-trimpath", "-o", half}, append(flags, pkg)...)
	if err := command(ctx, log, dir, nil, "go", args...); err != nil {
		return err
	}
	if err := os.Rename(half, output); err != nil {
		return fmt.Errorf("put %s in place: %w", output, err)
	}
	return nil
}
