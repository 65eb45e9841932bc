// Package whole makes files and folders that are there whole or not at all,
// whatever ends the process that makes them.
package whole

import (
	"fmt"
	"os"
	"path/filepath"
)

// Make has the file or folder at path made under another name beside it and
// puts it in place once it is complete. A folder must not be there yet. What a
// killed run left half made is removed first.
func Make(path string, fill func(half string) error) error {
	half := path + ".half"
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("remove what a killed run left: %w", err)
	}
	if err := fill(half); err != nil {
		return err
	}
	if err := os.Rename(half, path); err != nil {
		return fmt.Errorf("put %s in place: %w", path, err)
	}
	return nil
}

// File writes a file with that content and mode; its folder is made when
// missing, open to be passed through.
func File(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return fmt.Errorf("make the folder of %s: %w", path, err)
	}
	return Make(path, func(half string) error {
		if err := os.WriteFile(half, content, mode); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		return nil
	})
}
