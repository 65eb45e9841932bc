// Package drift keeps one issue for each stack whose account differs from its state.
package drift

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/gitlab"
)

// maxReport is the size of a report in an issue, in bytes; GitLab accepts 1,048,576 characters.
const maxReport = 100_000

// Run writes the issue from what `pulumi refresh --preview-only --diff` printed, or closes it where there is no
// drift.
func Run(ctx context.Context, io command.IO, args []string) error {
	return run(ctx, io, args, os.Getenv)
}

func run(ctx context.Context, io command.IO, args []string, getenv func(string) string) error {
	flags := command.Flags("drift")
	stack := flags.String("stack", "", "the checked `stack`")
	report := flags.String("report", "", "`file` with the drift; without it there is none")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if *stack == "" {
		return command.BadUsage("set --stack")
	}
	project, err := gitlab.FromJob(getenv)
	if err != nil {
		return err
	}
	title := "Drift of stack " + *stack
	if *report == "" {
		return project.CloseIssue(ctx, title)
	}
	text, err := os.ReadFile(*report)
	if err != nil {
		return fmt.Errorf("read the drift: %w", err)
	}
	if err := project.PutIssue(ctx, title, describe(*stack, string(text), getenv("CI_PIPELINE_URL"))); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.Stdout, "issue %q is up to date\n", title)
	return err
}

func describe(stack, report, pipeline string) string {
	// A carriage return ends a line of Markdown, and the text after it would not be code.
	report = strings.ReplaceAll(report, "\r", `\r`)
	if more := len(report) - maxReport; more > 0 {
		report = strings.ToValidUTF8(report[:maxReport], "") + fmt.Sprintf("\n... cut: %d more bytes, see the job's log", more)
	}
	indented := "    " + strings.ReplaceAll(strings.TrimRight(report, "\n"), "\n", "\n    ")
	return fmt.Sprintf(`The account differs from the state of stack %[1]s. It was changed by hand or by AWS.

- To undo the change, run the default branch's pipeline. The job %[4]sdeploy:%[1]s%[4]s refreshes the state. Where an update would undo this drift, it stops before it changes anything, lists the drift and prints a fingerprint, since no merge request showed it. Set the project's CI/CD variable %[4]sACCEPT_PREVIEW%[4]s (protected) to the fingerprint, retry the job, and delete the variable.
- To keep it, write it into the code and let the pipeline deploy that: the job then finds no difference.

%[2]s

%[3]s
`, stack, indented, pipeline, "`")
}
