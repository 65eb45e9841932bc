package note

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/command"
)

// Failure is a stack without a preview.
type Failure struct {
	Stack string
	// Output is the preview's output.
	Output string
}

// notStarted stands for the output of a preview that did not start.
const notStarted = "The job ended before the preview started; its log says why."

// readFailure reads a STACK=FILE.
func readFailure(value string) (Failure, error) {
	stack, name, ok := strings.Cut(value, "=")
	if !ok || stack == "" || name == "" {
		return Failure{}, command.BadUsage("--failed %q: must be STACK=FILE", value)
	}
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Failure{}, fmt.Errorf("read the output of the failed preview: %w", err)
	}
	output := strings.TrimSpace(string(text))
	if output == "" {
		output = notStarted
	}
	return Failure{stack, output}, nil
}

// firstLine is the first error, else the first line.
func (f Failure) firstLine() string {
	lines := f.lines()
	for _, line := range lines {
		if strings.HasPrefix(line, "error") {
			return line
		}
	}
	return lines[0]
}

func (f Failure) lines() []string { return strings.Split(f.Output, "\n") }

// longestFailure is how many lines of a failure the note shows, errors first.
const longestFailure = 20

// warn reports, at the top of the note, that there is no preview and why.
func (f Failure) warn(b *strings.Builder) {
	where := "the log of the job preview:" + f.Stack
	var errs, others []string
	for _, line := range f.lines() {
		if strings.HasPrefix(line, "error") {
			errs = append(errs, line)
		} else {
			others = append(others, line)
		}
	}
	shown := slices.Concat(errs, others)
	output := message(strings.Join(shown[:min(len(shown), longestFailure)], "\n"))
	output = cut(output, longestText, where)
	if more := len(shown) - longestFailure; more > 0 {
		output += fmt.Sprintf("\n... cut: %d more lines, see %s", more, where)
	}
	fmt.Fprintf(b, "> [!caution] The preview of **%s** failed: the effect of this change on it is unknown\n\n", f.Stack)
	b.WriteString(block("text", output) + "\n")
}
