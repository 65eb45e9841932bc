package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/ops/project"
	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// shell opens a shell in which pulumi, aws and psql use the sandbox.
func shell(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("shell")
	name := flags.String("stack", "", "the stack that pulumi and psql use (default: the one deployed last)")
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
	_, _ = fmt.Fprintln(os.Stderr, "pulumi, aws and psql use the sandbox in this shell; leave it with exit")
	return runChild([]string{program}, env, "")
}

// shellEnv returns the shell's environment.
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
	case errors.Is(err, os.ErrNotExist) && stack == "": // no stack is deployed yet
	case err != nil:
		return nil, err
	default:
		vars["PULUMI_STACK"] = outputs.Stack
		database, err := stackDatabase(ctx, l, outputs.Stack)
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

// stackDatabase returns the variables with which psql connects to the stack's cluster as the master user. The wheel's
// psql has no TLS: it connects to the server behind the TLS proxy.
func stackDatabase(ctx context.Context, l layout.Layout, stack string) (map[string]string, error) {
	databases, err := daemon.Databases(ctx, l)
	if err != nil {
		return nil, err
	}
	name, err := project.Name(l.Repo)
	if err != nil {
		return nil, err
	}
	d, ok := ofStack(databases, name+"-"+stack)
	if !ok {
		return nil, nil
	}
	return map[string]string{
		"PGHOST": d.Plain.Addr().String(), "PGPORT": strconv.Itoa(int(d.Plain.Port())),
		"PGDATABASE": d.Name, "PGUSER": d.User, "PGPASSWORD": d.Password, "PGSSLMODE": "disable",
	}, nil
}

// ofStack returns the stack's cluster by its identifier: the outputs name the proxy where there is one. After a restore
// it is that of the highest generation, which serves the API.
func ofStack(databases []dataplane.Database, stack string) (dataplane.Database, bool) {
	var found dataplane.Database
	highest := 0
	for _, d := range databases {
		suffix, own := strings.CutPrefix(d.Cluster, stack+"-data-cluster-")
		if n := generation(suffix); own && n > highest {
			found, highest = d, n
		}
	}
	return found, highest > 0
}

// generation is that of a cluster by its suffix: <random>, or <generation>-<random> from the second on.
func generation(suffix string) int {
	if number, _, more := strings.Cut(suffix, "-"); more {
		if n, err := strconv.Atoi(number); err == nil {
			return n
		}
	}
	return 1
}
