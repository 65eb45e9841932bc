package deploy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// A Pulumi state is of use only together with the emulated account that it was
// made against, and only when no run was killed while it changed both.

// generationFile names the account that the state belongs to.
func generationFile(l layout.Layout) string { return filepath.Join(l.State(), "generation") }

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

// Adopt makes the state one of the account: an empty state is begun when the
// one there is belongs to another account. It reports whether that was so.
func Adopt(l layout.Layout, generation string) (discarded bool, err error) {
	known, err := os.ReadFile(generationFile(l))
	if err == nil && strings.TrimSpace(string(known)) == generation {
		return false, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("read which account the state belongs to: %w", err)
	}
	discarded = err == nil
	if err := Discard(l); err != nil {
		return discarded, err
	}
	return discarded, writeWhole(generationFile(l), []byte(generation+"\n"))
}

// Discard deletes the state and what was put out of it.
func Discard(l layout.Layout) error {
	outputs, err := filepath.Glob(filepath.Join(l.Root, "outputs*.json"))
	if err != nil {
		return fmt.Errorf("discard the state: %w", err)
	}
	copies, err := filepath.Glob(filepath.Join(l.Root, "Pulumi.*.yaml"))
	if err != nil {
		return fmt.Errorf("discard the state: %w", err)
	}
	for _, path := range append(append(outputs, copies...), l.State(), PassphraseFile(l)) {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("discard the state: %w", err)
		}
	}
	return nil
}

// busy marks the stack as being changed; the mark goes when done is called.
func busy(l layout.Layout, stack string) (done func() error, err error) {
	if err := writeWhole(busyFile(l, stack), nil); err != nil {
		return nil, err
	}
	return func() error { return os.Remove(busyFile(l, stack)) }, nil
}
