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

// The stacks' state is in the emulated account, and the files that belong to it are in the daemon's data: both are
// deleted with the account. This file detects runs that were killed while the account still exists.

// busyFile exists while a run changes a stack.
func busyFile(l layout.Layout, stack string) string {
	return filepath.Join(l.State(), stack+".busy")
}

// Killed lists the stacks with an interrupted run.
func Killed(l layout.Layout) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(l.State(), "*.busy"))
	if err != nil {
		return nil, fmt.Errorf("list interrupted runs: %w", err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".busy"))
	}
	return names, nil
}

// Discard deletes the outputs and files of an account that no longer exists, and reports whether there were any.
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

// whileBusy marks the stack as busy while change runs the CLI. It removes the mark if the CLI has exited by itself, also
// with an error; otherwise the state may be incomplete and the mark stays.
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
