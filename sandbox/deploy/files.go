package deploy

import (
	"fmt"
	"os"
	"path/filepath"
)

// writeWhole writes a file that only we may read; it is there whole or not at
// all.
func writeWhole(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	half := path + ".half"
	if err := os.WriteFile(half, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(half, path); err != nil {
		return fmt.Errorf("put %s in place: %w", path, err)
	}
	return nil
}
