package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
)

// architecture is Lambda's name of this machine's architecture.
func architecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// buildError is what the compiler says.
type buildError struct{ lines []string }

func (e *buildError) Error() string { return strings.Join(e.lines, "\n") }

// runGo runs a go command in the directory dir of the repository, with a directory of its own in temp, because a killed
// go command leaves its temporary files. It ends with its children when ctx is done. The error of a source that does not
// compile is a *buildError with paths relative to the repository.
func runGo(ctx context.Context, cmd *exec.Cmd, dir, temp string) error {
	work, err := os.MkdirTemp(temp, "go-")
	if err != nil {
		return fmt.Errorf("create the directory of a build: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	cmd.Env = append(cmd.Env, "GOTMPDIR="+work)
	var report bytes.Buffer
	process, err := child.Start(child.Spec{
		Name: "go build", Path: cmd.Path, Args: cmd.Args[1:], Env: cmd.Env, Dir: cmd.Dir, Log: &report,
	})
	if err != nil {
		return err
	}
	select {
	case <-process.Done():
	case <-ctx.Done():
		process.Stop(0) // nothing to finish: go writes its output last
		return ctx.Err()
	}
	var exit *exec.ExitError
	if err := process.Err(); errors.As(err, &exit) {
		return &buildError{compilerLines(report.String(), dir)}
	} else if err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}

// positionPattern matches what the compiler begins a line with.
var positionPattern = regexp.MustCompile(`^([^\s:]+\.go)(:\d+.*)$`)

// compilerLines returns go's report without the names of packages, with paths relative to the repository instead of dir.
func compilerLines(report, dir string) []string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(report)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "# ") {
			continue
		}
		if at := positionPattern.FindStringSubmatch(line); at != nil && !path.IsAbs(at[1]) {
			line = path.Join(dir, at[1]) + at[2]
		}
		lines = append(lines, line)
	}
	return lines
}

// seconds formats a duration for the terminal.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
