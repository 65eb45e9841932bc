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

// passPulumi runs the Pulumi CLI against the sandbox, with the copy of the
// stack's file where the command takes one: the tree's own is never written.
func passPulumi(ctx context.Context, l layout.Layout, args []string) error {
	unlock, err := alone(l)
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
	return runBeside(append([]string{deploy.Program(l)}, args...), env, "")
}

// chooseStack sets the variables of the stack that the arguments, or else the
// environment, name. The CLI takes each of its options from a variable too,
// where a command has it.
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

// stackOption is the value of the CLI's option --stack or -s; empty when it is
// not there.
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

// linkPulumi puts this program under the name pulumi into a folder for PATH,
// which it returns; called so, it is passPulumi.
func linkPulumi(l layout.Layout) (folder string, err error) {
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the sandbox command itself: %w", err)
	}
	folder = filepath.Join(l.Run(), "shell")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("make the shell's folder of programs: %w", err)
	}
	if err := os.Symlink(program, filepath.Join(folder, "pulumi")); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("make the shell's pulumi: %w", err)
	}
	return folder, nil
}
