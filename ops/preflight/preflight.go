// Package preflight checks, before an update changes anything, that the account supports what the preview creates:
// quotas, offered engine versions and classes, the caller's permissions, the domain, the state's bucket and key, and
// the project's settings in GitLab. It changes nothing, and lists everything that is missing at once.
//
// The number of API keys is not checked: a caller who may list them may read their values.
package preflight

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/review"
)

// State is the result of a check.
type State string

// States of a finding.
const (
	OK State = "ok"
	// Missing stops the update: it would fail half-way.
	Missing State = "missing"
	// Warning does not stop the update. The stack can fail under load.
	Warning State = "warning"
	// NotChecked is a requirement that the caller may not read, and that may be missing.
	NotChecked State = "not checked"
)

// Finding is the result of one check.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	What  string `json:"what,omitempty"`
	// Do says how to correct it; a check writes <project> for the name that begins configuration keys.
	Do string `json:"do,omitempty"`
}

// check checks one requirement of an update. It returns what is missing, or an error where it could not check. A
// finding without a state is Missing.
type check struct {
	name string
	run  func(context.Context, *account, *graph.Graph) ([]Finding, error)
}

// options are the command's flags.
type options struct {
	source  graph.Source
	stack   string
	file    string
	backend string
	skip    []string
	json    bool
}

func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(&o.stack, "stack", "", "the `stack` to update")
	flags.StringVar(&o.source.Preview, "preview", "", "`file` with what pulumi preview --json --show-sames prints, - for the standard input; without it the command runs the preview")
	flags.StringVar(&o.file, "config-file", "", "the stack's `file`; Pulumi.<stack>.yaml unless set")
	flags.StringVar(&o.backend, "backend", os.Getenv("PULUMI_BACKEND_URL"), "`URL` of the stack's state; $PULUMI_BACKEND_URL unless set")
	flags.Func("skip", "a `check` to skip, or several separated by commas", func(names string) error {
		o.skip = append(o.skip, strings.FieldsFunc(names, func(r rune) bool { return r == ',' })...)
		return nil
	})
	flags.BoolVar(&o.json, "json", false, "print JSON")
}

// Run is the command.
func Run(ctx context.Context, io command.IO, args []string) error {
	var o options
	flags := command.Flags("preflight")
	o.register(flags)
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if o.stack == "" {
		return command.BadUsage("set --stack")
	}
	all := o.checks()
	for _, name := range o.skip {
		if !slices.ContainsFunc(all, func(c check) bool { return c.name == name }) {
			return command.BadUsage("--skip %s: unknown check; the checks are: %s", name, strings.Join(names(all), ", "))
		}
	}
	g, err := o.graph(ctx, io)
	if err != nil {
		return err
	}
	if g.Stack != o.stack {
		return command.BadUsage("the preview is of stack %s, not of %s", g.Stack, o.stack)
	}
	a, err := open(ctx, g)
	if err != nil {
		return err
	}
	found, err := o.run(ctx, all, a, g)
	if err != nil {
		return err
	}
	return o.print(io, a, found)
}

// run runs all checks, whatever they find.
func (o options) run(ctx context.Context, all []check, a *account, g *graph.Graph) ([]Finding, error) {
	var found []Finding
	for _, c := range all {
		if slices.Contains(o.skip, c.name) {
			found = append(found, Finding{Check: c.name, State: NotChecked, What: "skipped by --skip"})
			continue
		}
		missing, err := c.run(ctx, a, g)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for _, f := range missing {
			f.Check, f.State = c.name, cmp.Or(f.State, Missing)
			f.Do = strings.ReplaceAll(f.Do, "<project>", g.Project)
			found = append(found, f)
		}
		if err != nil {
			found = append(found, Finding{Check: c.name, State: NotChecked, What: err.Error()})
		} else if len(missing) == 0 {
			found = append(found, Finding{Check: c.name, State: OK})
		}
	}
	return found, nil
}

// graph reads the preview that is set, or has the Pulumi CLI run one.
func (o options) graph(ctx context.Context, io command.IO) (*graph.Graph, error) {
	if o.source.Preview != "" {
		return o.source.Read(io.Stdin)
	}
	args := []string{"preview", "--stack", o.stack, "--json", "--show-sames", "--non-interactive"}
	if o.file != "" {
		args = append(args, "--config-file", o.file)
	}
	preview := exec.CommandContext(ctx, "pulumi", args...)
	var printed bytes.Buffer
	preview.Stdout, preview.Stderr = &printed, io.Stderr
	if err := preview.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, command.BadUsage("there is no pulumi on PATH to run the preview with; install it, or set --preview")
		}
		why := cmp.Or(review.Errors(printed.Bytes()), "run it without --json to read why")
		return nil, fmt.Errorf("pulumi %s: %w\n%s", strings.Join(args, " "), err, why)
	}
	return graph.FromPreview(&printed)
}

func names(all []check) []string {
	list := make([]string, len(all))
	for i, c := range all {
		list[i] = c.name
	}
	return list
}

// checks are all checks, in the order of the report.
func (o options) checks() []check {
	var all []check
	for _, q := range quotas() {
		all = append(all, check{q.name, q.check})
	}
	return append(all,
		check{"lambda-concurrency", lambdaConcurrency},
		check{"stream-executions", streamExecutions},
		check{"log-role", logRole},
		check{"log-resource-policies", logResourcePolicies},
		check{"zones", zonesAvailable},
		check{"copies-region", copiesRegion},
		check{"copies-opt-in", copiesOptIn},
		check{"database-offered", databaseOffered},
		check{"cache-offered", cacheOffered},
		check{"permissions", permissions},
		check{"delegation", delegation},
		check{"gitlab", gitLab},
		check{"state-bucket", o.stateBucket},
		check{"state-key", o.stateKey},
	)
}
