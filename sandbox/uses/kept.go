package uses

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// keptFile lists what a prepared provider serves, in its directory.
const keptFile = "uses.txt"

// Write writes the list to the directory of the provider that was prepared for it.
func Write(list []string, dir string) error {
	if err := os.WriteFile(filepath.Join(dir, keptFile), []byte(strings.Join(list, "\n")+"\n"), 0o644); err != nil { //nolint:gosec // source
		return fmt.Errorf("write what the programs use: %w", err)
	}
	return nil
}

// Read reads the list of the provider that was prepared in the directory. It is empty if none was.
func Read(dir string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(dir, keptFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the uses that the AWS provider was built for: %w", err)
	}
	return strings.Fields(string(content)), nil
}

// Keep returns the list with what the provider in the directory serves already, sorted.
func Keep(list []string, dir string) ([]string, error) {
	kept, err := Read(dir)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(list, kept)
	slices.Sort(all)
	return slices.Compact(all), nil
}
