package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// compile builds the plugin at out and its data folder beside it, unless both
// of that key are there. The data folder's key is written last.
func compile(provider, tree, treeKey, out string) error {
	key, err := binaryKey(provider, treeKey)
	if err != nil {
		return err
	}
	data := out + ".data"
	keyFile := filepath.Join(data, "key")
	if hasKey(keyFile, key) {
		return nil
	}
	if err := os.RemoveAll(keyFile); err != nil {
		return fmt.Errorf("mark the plugin as being rebuilt: %w", err)
	}
	// -trimpath lets every checkout on a machine share the compiled packages.
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, ".")
	build.Dir = provider
	if err := runLoud(build); err != nil {
		return err
	}
	generate := exec.Command(out, "generate", "-catalog", filepath.Join(tree, catalogFile), "-out", data)
	if err := runLoud(generate); err != nil {
		return err
	}
	return writeKey(keyFile, key)
}

func runLoud(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	return nil
}
