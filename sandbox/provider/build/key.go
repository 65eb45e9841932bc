package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// inputs is everything that the prepared tree depends on.
//
//go:embed *.go *.txt
var inputs embed.FS

// hashFiles hashes the files under root that keep accepts, names included.
func hashFiles(root fs.FS, keep func(path string) bool) (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !keep(path) {
			return err
		}
		content, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(hash, "%s %d\n", path, len(content)); err != nil {
			return err
		}
		_, err = hash.Write(content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hash the inputs: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// treeKey names the prepared tree that this program would create for what the programs use.
func treeKey(found []string) (string, error) {
	own, err := hashFiles(inputs, func(path string) bool { return !strings.HasSuffix(path, "_test.go") })
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(own + "\n" + strings.Join(found, "\n")))
	return hex.EncodeToString(sum[:]), nil
}

func hasKey(file, key string) bool {
	content, err := os.ReadFile(file)
	return err == nil && strings.TrimSpace(string(content)) == key
}

func writeKey(file, key string) error {
	if err := os.WriteFile(file, []byte(key+"\n"), 0o644); err != nil {
		return fmt.Errorf("mark %s as complete: %w", filepath.Dir(file), err)
	}
	return nil
}

// readLines returns the lines of an embedded list, comments left out.
func readLines(name string) ([]string, error) {
	content, err := inputs.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
