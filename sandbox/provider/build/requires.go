package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// requireAll adds to the provider's go.mod and go.sum what upstream requires and the provider does not, so that it can be
// built with any of upstream's services. "go mod tidy" removes what the current services do not need. Go reads nothing of a
// module until one of its packages is imported.
func requireAll(provider string) error {
	upstream, err := download(upstreamModule)
	if err != nil {
		return err
	}
	own, err := requirements(provider)
	if err != nil {
		return err
	}
	wanted, err := requirements(upstream)
	if err != nil {
		return err
	}
	args := []string{"mod", "edit"}
	for path, version := range wanted {
		if _, ok := own[path]; !ok {
			args = append(args, "-require="+path+"@"+version)
		}
	}
	edit := exec.Command("go", args...)
	edit.Dir = provider
	if err := runLoud(edit); err != nil {
		return err
	}
	return mergeSums(filepath.Join(provider, "go.sum"), filepath.Join(upstream, "go.sum"))
}

// requirements returns the versions that the go.mod of a directory requires, by module.
func requirements(dir string) (map[string]string, error) {
	read := exec.Command("go", "mod", "edit", "-json")
	read.Dir = dir
	content, err := read.Output()
	if err != nil {
		return nil, fmt.Errorf("read the requirements of %s: %w", dir, err)
	}
	var file struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("decode the requirements of %s: %w", dir, err)
	}
	versions := map[string]string{}
	for _, r := range file.Require {
		versions[r.Path] = r.Version
	}
	return versions, nil
}

// mergeSums appends the lines of a go.sum that another one lacks. Upstream's is as trusted as its module, which pins.txt
// names by checksum.
func mergeSums(into, from string) error {
	sums, err := os.ReadFile(into)
	if err != nil {
		return fmt.Errorf("read the provider's checksums: %w", err)
	}
	more, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read upstream's checksums: %w", err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(sums)) {
		known[line] = true
	}
	for line := range strings.Lines(string(more)) {
		if !known[line] {
			sums = append(sums, line...)
		}
	}
	if err := os.WriteFile(into, sums, 0o644); err != nil {
		return fmt.Errorf("write the provider's checksums: %w", err)
	}
	return nil
}
