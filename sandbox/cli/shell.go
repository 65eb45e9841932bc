package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// shell opens a shell in which pulumi, aws and psql talk to the sandbox.
func shell(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("shell")
	name := flags.String("stack", "", "the stack that pulumi and psql talk to; by default the one that came up last")
	if err := parse(flags, args); err != nil {
		return err
	}
	program := os.Getenv("SHELL")
	if program == "" {
		program = "/bin/sh"
	}
	env, err := shellEnv(ctx, l, *name)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(os.Stderr, "pulumi, aws and psql talk to the sandbox here; leave with exit")
	return runBeside([]string{program}, env, "")
}

// shellEnv is the environment of the shell.
func shellEnv(ctx context.Context, l layout.Layout, stack string) ([]string, error) {
	report, err := daemon.Ask(ctx, l)
	if err != nil {
		return nil, err
	}
	if err := makeTools(ctx, l, []build.Step{build.AWSCLI(l)}); err != nil {
		return nil, err
	}
	base, err := deploy.ReadBase(l)
	if err != nil {
		return nil, err
	}
	vars := deploy.Environment(l, report, report.Region, base)
	outputs, err := deploy.ReadOutputs(l, stack)
	switch {
	case errors.Is(err, os.ErrNotExist) && stack == "": // nothing is up yet
	case err != nil:
		return nil, err
	default:
		vars["PULUMI_STACK"] = outputs.Stack
		database, err := stackDatabase(ctx, l, outputs)
		if err != nil {
			return nil, err
		}
		maps.Copy(vars, database)
	}
	in, err := dataplane.Locate(l.Root, l.Venv())
	if err != nil {
		return nil, err
	}
	wrapper, err := linkPulumi(l)
	if err != nil {
		return nil, err
	}
	return deploy.Inherit(l, vars, wrapper, filepath.Join(l.AWSVenv(), "bin"), filepath.Join(in.PostgresHome, "bin")), nil
}

// stackDatabase are the variables by which psql reaches the stack's cluster as
// the master user. The psql of the wheel has no TLS: it goes to the server
// behind the front.
func stackDatabase(ctx context.Context, l layout.Layout, outputs deploy.Outputs) (map[string]string, error) {
	databases, err := daemon.Databases(ctx, l)
	if err != nil {
		return nil, err
	}
	for _, d := range databases {
		if len(databases) > 1 && !outputs.Mention(d.Cluster, d.Addr.Addr().String()) {
			continue
		}
		return map[string]string{
			"PGHOST": d.Plain.Addr().String(), "PGPORT": strconv.Itoa(int(d.Plain.Port())),
			"PGDATABASE": d.Name, "PGUSER": d.User, "PGPASSWORD": d.Password, "PGSSLMODE": "disable",
		}, nil
	}
	return nil, nil
}
