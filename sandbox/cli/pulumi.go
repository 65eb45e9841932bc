package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// passPulumi runs the Pulumi CLI against the sandbox, with a copy of the stack's file where the command accepts one: the
// repository's own is never written.
func passPulumi(ctx context.Context, l layout.Layout, args []string) error {
	unlock, err := lockExclusive(l)
	if err != nil {
		return err
	}
	defer unlock()
	report, err := daemon.Ask(ctx, l)
	if err != nil {
		return err
	}
	base, err := deploy.ReadBase(l)
	if err != nil {
		return err
	}
	vars := deploy.Environment(l, report, report.Region, base)
	chooseStack(l, vars, args)
	env := append(deploy.Inherit(l, vars), child.Marker(l.Root))
	return runChild(append([]string{deploy.Program(l)}, args...), env, "")
}

// chooseStack sets the variables of the stack that the arguments or else the environment name. The CLI also reads each
// option of a command from a variable.
func chooseStack(l layout.Layout, vars map[string]string, args []string) {
	stack := stackOption(args)
	if stack == "" {
		stack = os.Getenv("PULUMI_STACK")
	}
	if stack == "" {
		return
	}
	vars["PULUMI_STACK"] = stack
	if file := deploy.StackFile(l, stack); exists(file) {
		vars["PULUMI_OPTION_CONFIG_FILE"] = file
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// stackOption returns the value of the CLI's option --stack or -s, "" without one.
func stackOption(args []string) string {
	for i, arg := range args {
		if arg == "--" {
			return ""
		}
		for _, name := range []string{"--stack", "-s"} {
			value, found := strings.CutPrefix(arg, name)
			switch {
			case !found:
			case value == "" && i+1 < len(args):
				return args[i+1]
			case strings.HasPrefix(value, "=") || name == "-s":
				return strings.TrimPrefix(value, "=")
			}
		}
	}
	return ""
}

// linkPulumi links this program as pulumi in a directory for PATH, which it returns; under that name it runs passPulumi.
func linkPulumi(l layout.Layout) (dir string, err error) {
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the sandbox command itself: %w", err)
	}
	dir = filepath.Join(l.Run(), "shell")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("create the shell's program directory: %w", err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "pulumi")); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("link the shell's pulumi: %w", err)
	}
	return dir, nil
}
