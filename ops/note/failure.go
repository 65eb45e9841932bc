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
	// Said is what the preview said to people.
	Said string
}

// notMade is what is said of a preview that did not begin.
const notMade = "The job ended before the preview began; its log says why."

// readFailure reads a STACK=FILE.
func readFailure(value string) (Failure, error) {
	stack, name, ok := strings.Cut(value, "=")
	if !ok || stack == "" || name == "" {
		return Failure{}, command.BadUsage("--failed %q: want STACK=FILE", value)
	}
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Failure{}, fmt.Errorf("read why the preview failed: %w", err)
	}
	said := strings.TrimSpace(string(text))
	if said == "" {
		said = notMade
	}
	return Failure{stack, said}, nil
}

// firstLine is the first error, or whatever is said first.
func (f Failure) firstLine() string {
	lines := f.lines()
	for _, line := range lines {
		if strings.HasPrefix(line, "error") {
			return line
		}
	}
	return lines[0]
}

func (f Failure) lines() []string { return strings.Split(f.Said, "\n") }

// longestFailure is how many lines of a failure the note shows, errors first.
const longestFailure = 20

// warn says, on top of the note, that there is no preview and why.
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
	said := message(strings.Join(shown[:min(len(shown), longestFailure)], "\n"))
	said = cut(said, longestText, where)
	if more := len(shown) - longestFailure; more > 0 {
		said += fmt.Sprintf("\n... cut: %d more lines, see %s", more, where)
	}
	fmt.Fprintf(b, "> [!caution] The preview of **%s** failed: nothing is known of what this change does to it\n\n", f.Stack)
	b.WriteString(block("text", said) + "\n")
}
