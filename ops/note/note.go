// Package note posts the changes of a merge request's previews as one note on it, and later checks whether a preview
// is still the one that the note showed.
package note

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/gitlab"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/review"
)

// marker identifies the note. GitLab does not show it.
const marker = "<!-- didomi:preview -->"

// files collects a flag that is given once for each stack.
type files []string

func (f *files) String() string     { return strings.Join(*f, ",") }
func (f *files) Set(v string) error { *f = append(*f, v); return nil }

// Run posts the note. It fails for a change that loses data without review.AcceptLabel, and for one whose preview failed for a
// stack.
func Run(ctx context.Context, io command.IO, args []string) error {
	return run(ctx, io, args, os.Getenv)
}

func run(ctx context.Context, io command.IO, args []string, getenv func(string) string) error {
	var previews, costs, failed files
	flags := command.Flags("note")
	flags.Var(&previews, "preview", "`file` with what pulumi preview --json --show-sames prints, once for each stack")
	flags.Var(&costs, "cost", "`file` with what ops cost prints of the change, once for each stack")
	flags.Var(&failed, "failed", "`STACK=FILE` for a stack whose preview failed: FILE has its output, and is missing if the job ended before the preview")
	show := flags.Bool("print", false, "print the note instead of posting it")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if len(previews)+len(failed) == 0 {
		return command.BadUsage("set --preview or --failed at least once")
	}
	n := Note{Commit: getenv("CI_COMMIT_SHORT_SHA"), Pipeline: getenv("CI_PIPELINE_URL")}
	for _, name := range previews {
		g, err := (&graph.Source{Preview: name}).Read(io.Stdin)
		if err != nil {
			return err
		}
		n.Stacks = append(n.Stacks, g)
	}
	for _, name := range costs {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read the cost: %w", err)
		}
		n.Costs = append(n.Costs, strings.TrimSpace(string(text)))
	}
	for _, value := range failed {
		f, err := readFailure(value)
		if err != nil {
			return err
		}
		n.Failed = append(n.Failed, f)
	}
	n.Accepted = slices.Contains(strings.Split(getenv("CI_MERGE_REQUEST_LABELS"), ","), review.AcceptLabel)
	if err := deliver(ctx, io, n, *show, getenv); err != nil {
		return err
	}
	return n.check(io)
}

func deliver(ctx context.Context, io command.IO, n Note, show bool, getenv func(string) string) error {
	text, err := n.Markdown()
	if err != nil {
		return err
	}
	if show {
		_, err := fmt.Fprintln(io.Stdout, text)
		return err
	}
	request := getenv("CI_MERGE_REQUEST_IID")
	if request == "" {
		return command.BadUsage("CI_MERGE_REQUEST_IID is not set: this is no merge request's pipeline; --print shows the note")
	}
	project, err := gitlab.FromJob(getenv)
	if err != nil {
		return err
	}
	if err := project.PutNote(ctx, request, marker, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.Stdout, "the note on merge request !%s is up to date\n", request)
	return err
}

// check fails for a change without a preview, and for one that loses data without the label.
func (n Note) check(io command.IO) error {
	for _, f := range n.Failed {
		_, _ = fmt.Fprintf(io.Stderr, "stack %s: there is no preview: %s\n", f.Stack, f.firstLine())
	}
	if !n.Accepted && review.RejectLosses(io.Stderr, n.Stacks) || len(n.Failed) > 0 {
		return command.ErrNo
	}
	return nil
}
