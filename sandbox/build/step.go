package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
)

// Step makes one tool.
type Step struct {
	// Name is the step's stamp and log: "pulumi".
	Name string
	// Title is what a person reads: "Pulumi CLI".
	Title string
	// Cold is about how long it takes with empty caches on two cores, what others
	// that run beside it take left out.
	Cold time.Duration
	// After names a step, if it is made at all, to wait for: builds that run side
	// by side both compile what they have in common.
	After string
	// Outputs are files (absolute, patterns as of filepath.Match) that must be
	// there, as Make left them, for a stamp to hold.
	Outputs []string
	// Key says of what the tool is made; another key makes it again.
	Key func(ctx context.Context) (string, error)
	// Reason, which may be nil, says what in the program has changed that the step must be made again for; "" when
	// nothing of the program's has.
	Reason func() (string, error)
	// Make makes the outputs; what it prints goes to log.
	Make func(ctx context.Context, log io.Writer) error
}

// state is what there is of the outputs: a line with size and time (seconds,
// which is all that archives keep) of each file.
func (s Step) state() (string, error) {
	var lines strings.Builder
	for _, pattern := range s.Outputs {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("output %s of %s: %w", pattern, s.Title, err)
		}
		if len(files) == 0 {
			return "", fmt.Errorf("%s: %s is missing: %w", s.Title, pattern, fs.ErrNotExist)
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				return "", fmt.Errorf("%s: %w", s.Title, err)
			}
			_, _ = fmt.Fprintf(&lines, "%d %d\n", info.Size(), info.ModTime().Unix())
		}
	}
	return lines.String(), nil
}

// Stamps is the folder of the stamps.
type Stamps string

// Fresh reports whether the step's outputs are as they were made, and made of
// what the key says.
func (s Stamps) Fresh(step Step, key string) (bool, error) {
	stamp, err := os.ReadFile(s.path(step))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the stamp of %s: %w", step.Title, err)
	}
	state, err := step.state()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // deleted by hand: made again
	}
	return string(stamp) == key+"\n"+state, err
}

// Void takes the stamp away, before the outputs are touched.
func (s Stamps) Void(step Step) error {
	if err := os.Remove(s.path(step)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take away the stamp of %s: %w", step.Title, err)
	}
	return nil
}

// Put writes the stamp of a step whose outputs are all there.
func (s Stamps) Put(step Step, key string) error {
	state, err := step.state()
	if err != nil {
		return fmt.Errorf("what was built is not complete: %w", err)
	}
	return atomicfile.Write(s.path(step), []byte(key+"\n"+state), 0o644)
}

func (s Stamps) path(step Step) string { return filepath.Join(string(s), step.Name) }
