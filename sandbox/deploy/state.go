package deploy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// The state of the stacks is in the emulated account, and what belongs to it
// here lies in the daemon's data: all of it goes with the account. Left to watch
// are runs that were killed while they changed an account that still lives.

// busyFile stands while a run changes a stack.
func busyFile(l layout.Layout, stack string) string {
	return filepath.Join(l.State(), stack+".busy")
}

// Killed lists the stacks of which a run was killed half-way.
func Killed(l layout.Layout) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(l.State(), "*.busy"))
	if err != nil {
		return nil, fmt.Errorf("look for runs that were killed: %w", err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".busy"))
	}
	return names, nil
}

// Discard deletes what was put out of an account that is gone, and reports
// whether there was any.
func Discard(l layout.Layout) (found bool, err error) {
	outputs, err := filepath.Glob(filepath.Join(l.Root, "outputs*.json"))
	if err != nil {
		return false, fmt.Errorf("discard the outputs: %w", err)
	}
	for _, path := range append(outputs, l.State()) {
		if _, err := os.Stat(path); err == nil {
			found = true
		}
		if err := os.RemoveAll(path); err != nil {
			return found, fmt.Errorf("discard the outputs: %w", err)
		}
	}
	return found, nil
}

// whileBusy marks the stack as being changed while change runs the CLI. A CLI
// that came to an end of its own, even a bad one, leaves its state as it is;
// after any other end the mark stays.
func whileBusy(l layout.Layout, stack string, change func() error) error {
	if err := atomicfile.Write(busyFile(l, stack), nil, 0o600); err != nil {
		return err
	}
	err := failure(change())
	if err == nil || errors.Is(err, ErrFailed) {
		err = errors.Join(err, os.Remove(busyFile(l, stack)))
	}
	return err
}
