package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// compile builds the plugin at out and its data directory next to it, also if
// nothing has changed: with Go's build cache that takes seconds.
func compile(provider, tree, out string) error {
	data := out + ".data"
	if err := os.RemoveAll(data); err != nil {
		return fmt.Errorf("remove the data of an earlier plugin: %w", err)
	}
	build := exec.Command("go", "build", "-v", "-ldflags", "-s -w", "-o", out, ".")
	build.Dir = provider
	if err := runLoud(build); err != nil {
		return err
	}
	return runLoud(exec.Command(out, "generate", "-catalog", filepath.Join(tree, catalogFile), "-out", data))
}

func runLoud(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	return nil
}
