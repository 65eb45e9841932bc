// Package cli is the sandbox's command line: one file for each command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// command is one of the sandbox's commands.
type command struct {
	name, args, help string
	run              func(ctx context.Context, l layout.Layout, args []string) error
}

// exitCode is the error of a command that has already printed its message.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// Main runs the command line and returns the process's exit code.
func Main(ctx context.Context, args []string) int {
	err := dispatch(ctx, args)
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	default:
		_, _ = fmt.Fprintln(os.Stderr, "sandbox:", err)
		return 1
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "--help" || args[0] == "-h" || args[0] == "help" {
		usage(os.Stdout)
		if len(args) == 0 {
			return exitCode(2)
		}
		return nil
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		l, err := layout.Find(".")
		if err != nil {
			return err
		}
		return c.run(ctx, l, args[1:])
	}
	usage(os.Stderr)
	return fmt.Errorf("unknown command %q", args[0])
}

func usage(w io.Writer) {
	_, _ = fmt.Fprint(w, "Runs the entire stack on this machine, without an AWS account.\n\nsandbox COMMAND\n\n")
	for _, c := range commands() {
		_, _ = fmt.Fprintf(w, "  %-34s %s\n", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	_, _ = fmt.Fprintf(w, `
SANDBOX_PORT (default %d) is the first of its four ports on 127.0.0.1;
SANDBOX_NET (default %s) is the loopback network of its databases and caches;
SANDBOX_PROXY_WARMUP (default %s) is how long an RDS proxy has no capacity once its target is registered.
`, layout.DefaultPort, layout.DefaultNetwork, layout.DefaultProxyWarmUp)
}
