package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
)

// Step builds one tool.
type Step struct {
	// Name is the step's stamp and log: "pulumi".
	Name string
	// Title is shown to the user: "Pulumi CLI".
	Title string
	// Cold is the approximate duration with empty caches on two cores, without concurrent steps.
	Cold time.Duration
	// After names a step to wait for, if it is built at all: concurrent builds both compile the packages that they share.
	After string
	// Outputs are files (absolute, patterns of filepath.Match) that must exist as Make left them for a stamp to be valid.
	Outputs []string
	// Key identifies the tool's inputs; another key builds it again.
	Key func(ctx context.Context) (string, error)
	// Reason, which may be nil, returns the change of the program that requires the step to be built again, "" if there is
	// none.
	Reason func() (string, error)
	// Serving: the servers of a running sandbox are programs of the outputs, which must not change under them.
	Serving bool
	// Make builds the outputs and prints to log.
	Make func(ctx context.Context, log *Log) error
}

// state returns a line with size and time of each output. Times are in seconds, the precision that archives keep.
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

// Stamps is the directory of the stamps.
type Stamps string

// Fresh reports whether the step's outputs are unchanged and were built from the inputs of the key.
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
		return false, nil // deleted manually: built again
	}
	return string(stamp) == key+"\n"+state, err
}

// Void removes the stamp before the outputs change.
func (s Stamps) Void(step Step) error {
	if err := os.Remove(s.path(step)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the stamp of %s: %w", step.Title, err)
	}
	return nil
}

// Put writes the stamp of a step whose outputs all exist.
func (s Stamps) Put(step Step, key string) error {
	state, err := step.state()
	if err != nil {
		return fmt.Errorf("the build is incomplete: %w", err)
	}
	return atomicfile.Write(s.path(step), []byte(key+"\n"+state), 0o644)
}

func (s Stamps) path(step Step) string { return filepath.Join(string(s), step.Name) }
