// Package atomicfile creates files and directories that exist completely or not at all, even if the process is killed.
package atomicfile

import (
	"fmt"
	"os"
	"path/filepath"
)

// Create calls fill with a temporary path next to path, then renames it to path. A directory must not exist yet.
// Leftovers of a killed run are removed first.
func Create(path string, fill func(temporary string) error) error {
	temporary := path + ".half"
	if err := os.RemoveAll(temporary); err != nil {
		return fmt.Errorf("remove leftovers of a killed run: %w", err)
	}
	if err := fill(temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("rename to %s: %w", path, err)
	}
	return nil
}

// Write writes content to path and creates missing parent directories. Other users can traverse them, not list them.
func Write(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return fmt.Errorf("create the directory of %s: %w", path, err)
	}
	return Create(path, func(temporary string) error {
		if err := os.WriteFile(temporary, content, mode); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		return nil
	})
}
