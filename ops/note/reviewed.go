package note

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/gitlab"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/review"
)

// AcceptVariable is the CI/CD variable that accepts a preview that no merge request showed. It is the project's: GitLab
// accepts a job's own variables for manual jobs alone, and new projects on GitLab.com reject those too. A variable that
// is not deleted does no harm: it is the fingerprint of one change.
const AcceptVariable = "ACCEPT_PREVIEW"

// RequiredVariable names the stacks, separated by commas, for which no note counts and AcceptVariable is required. A
// note is written by the jobs of its own branch, which can write anything into it.
const RequiredVariable = "ACCEPT_REQUIRED"

// Reviewed succeeds for a preview with exactly the changes that the note on the commit's merge request showed for that
// stack, or with none.
func Reviewed(ctx context.Context, streams command.IO, args []string) error {
	return reviewed(ctx, streams, args, os.Getenv)
}

func reviewed(ctx context.Context, streams command.IO, args []string, getenv func(string) string) error {
	var source graph.Source
	flags := command.Flags("reviewed")
	source.Register(flags)
	if err := command.Parse(streams, flags, args); err != nil {
		return err
	}
	g, err := source.Read(streams.Stdin)
	if err != nil {
		return err
	}
	print, err := review.Fingerprint(g)
	if err != nil {
		return err
	}
	if len(review.Changes(g)) == 0 {
		_, err := fmt.Fprintf(streams.Stdout, "stack %s: nothing changes\n", g.Stack)
		return err
	}
	if getenv(AcceptVariable) == print {
		_, err := fmt.Fprintf(streams.Stdout, "stack %s: preview %s is accepted by %s\n", g.Stack, print, AcceptVariable)
		return err
	}
	if slices.Contains(strings.Split(strings.ReplaceAll(getenv(RequiredVariable), " ", ""), ","), g.Stack) {
		reject(streams.Stderr, g, print, "requires acceptance: the variable "+RequiredVariable+" names the stack, so no note counts")
		return command.ErrNo
	}
	shown, where, err := shown(ctx, g.Stack, getenv)
	if err != nil {
		return err
	}
	if shown == print {
		_, err := fmt.Fprintf(streams.Stdout, "stack %s: this is preview %s that %s showed\n", g.Stack, print, where)
		return err
	}
	why := fmt.Sprintf("is not the one that was reviewed: %s shows %s", where, cmp.Or(shown, "none"))
	if len(review.Undone(g)) == 0 {
		why += ".\nThe branch has changed since, the account was changed by hand, or there was no review"
	}
	reject(streams.Stderr, g, print, why)
	return command.ErrNo
}

// reject explains why a preview is not deployed, what it would change, and what to do about it.
func reject(w io.Writer, g *graph.Graph, print, why string) {
	var b strings.Builder
	fmt.Fprintf(&b, "stack %s: this preview (%s) %s.\n", g.Stack, print, why)
	list(&b, "The account has drifted: it was changed by hand or by AWS. No review showed that, and the update would undo it:", review.Undone(g))
	list(&b, "An update of these has failed, and would be repeated:", review.Unfinished(g))
	fmt.Fprintf(&b, "It would make these changes:\n\n%s\n", diff(review.Changes(g), allChanges, "the preview in this job's artefacts"))
	fmt.Fprintf(&b, "To accept them, set the project's CI/CD variable %s (protected) to %s, retry this job, and delete the variable afterwards; else open a merge request.\n", AcceptVariable, print)
	_, _ = io.WriteString(w, b.String())
}

// list writes drifts under a title, if there are any.
func list(b *strings.Builder, title string, drifts []graph.Drift) {
	if len(drifts) == 0 {
		return
	}
	fmt.Fprintln(b, title)
	for _, d := range drifts {
		fmt.Fprintf(b, "  %s\n", review.Describe(d))
	}
}

// shown returns the fingerprint that the merge request of the commit shows for the stack.
func shown(ctx context.Context, stack string, getenv func(string) string) (fingerprint, where string, err error) {
	project, err := gitlab.FromJob(getenv)
	if err != nil {
		return "", "", err
	}
	target := getenv("CI_DEFAULT_BRANCH")
	if target == "" {
		return "", "", errors.New("CI_DEFAULT_BRANCH is not set: GitLab sets it in every job; a review counts for merge requests to that branch alone")
	}
	request, err := project.MergeRequestOf(ctx, getenv("CI_COMMIT_SHA"), target)
	if err != nil {
		return "", "", err
	}
	if request == nil {
		return "", "the commit, which was merged by no merge request to " + target + ",", nil
	}
	where = "merge request !" + strconv.Itoa(request.IID)
	found, err := project.FindNote(ctx, strconv.Itoa(request.IID), marker)
	if err != nil || found == nil {
		return "", where, err
	}
	// A branch's jobs can write the note at any time: after the merge it could accept a change that was not reviewed.
	// GitLab's own times count, which the token's user cannot set.
	if found.Updated.IsZero() || !found.Updated.Before(request.Merged) {
		return "", fmt.Sprintf("%s, whose note was written at %s, and not before it was merged at %s,", where, found.Updated.UTC().Format(time.RFC3339Nano), request.Merged.UTC().Format(time.RFC3339Nano)), nil
	}
	fingerprint, err = sealOf(found.Body, stack)
	if err != nil {
		return "", where, fmt.Errorf("%s: %w", where, err)
	}
	return fingerprint, where, nil
}
