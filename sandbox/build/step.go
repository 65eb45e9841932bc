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
)

// Step makes one tool.
type Step struct {
	// Name is the step's stamp and log: "pulumi".
	Name string
	// Title is what a person reads: "Pulumi CLI".
	Title string
	// Cold is about how long it takes with empty caches on two cores.
	Cold time.Duration
	// Outputs are the files (absolute) that must be there for a stamp to hold.
	Outputs []string
	// Key says of what the tool is made; another key makes it again.
	Key func(ctx context.Context) (string, error)
	// Make makes the outputs; what it prints goes to log.
	Make func(ctx context.Context, log io.Writer) error
}

// Stamps is the folder of the stamps.
type Stamps string

// Fresh reports whether the step's outputs are there and made of what the key
// says.
func (s Stamps) Fresh(step Step, key string) (bool, error) {
	stamp, err := os.ReadFile(s.path(step))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the stamp of %s: %w", step.Title, err)
	}
	if strings.TrimSpace(string(stamp)) != key {
		return false, nil
	}
	for _, output := range step.Outputs {
		if _, err := os.Stat(output); err != nil {
			return false, nil // deleted by hand: made again
		}
	}
	return true, nil
}

// Void takes the stamp away, before the outputs are touched.
func (s Stamps) Void(step Step) error {
	if err := os.Remove(s.path(step)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take away the stamp of %s: %w", step.Title, err)
	}
	return nil
}

// Put writes the stamp; it is there whole or not at all.
func (s Stamps) Put(step Step, key string) error {
	if err := os.MkdirAll(string(s), 0o755); err != nil {
		return fmt.Errorf("make the folder of stamps: %w", err)
	}
	half := s.path(step) + ".half"
	if err := os.WriteFile(half, []byte(key+"\n"), 0o644); err != nil {
		return fmt.Errorf("write the stamp of %s: %w", step.Title, err)
	}
	if err := os.Rename(half, s.path(step)); err != nil {
		return fmt.Errorf("put the stamp of %s in place: %w", step.Title, err)
	}
	return nil
}

func (s Stamps) path(step Step) string { return filepath.Join(string(s), step.Name) }
