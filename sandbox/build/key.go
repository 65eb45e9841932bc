package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sources returns a step's key: a hash of facts and of the files under the paths, without tests and documentation.
func sources(facts []string, paths ...string) (string, error) {
	sum := sha256.New()
	for _, fact := range facts {
		_, _ = fmt.Fprintf(sum, "fact %d %s\n", len(fact), fact)
	}
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && file != path && ignoredDir(entry.Name()):
				return fs.SkipDir
			case !entry.Type().IsRegular() || ignoredFile(entry.Name()):
				return nil
			}
			rel, err := filepath.Rel(path, file)
			if err != nil {
				return err
			}
			return hashFile(sum, filepath.ToSlash(filepath.Join(filepath.Base(path), rel)), file)
		})
		if err != nil {
			return "", fmt.Errorf("hash the inputs in %s: %w", path, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func ignoredDir(name string) bool { return name == "testdata" || strings.HasPrefix(name, ".") }

func ignoredFile(name string) bool {
	return strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".md") || strings.HasPrefix(name, ".")
}

func hashFile(sum io.Writer, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	content := sha256.New()
	if _, err := io.Copy(content, file); err != nil {
		return err
	}
	_, err = fmt.Fprintf(sum, "file %q %x\n", name, content.Sum(nil))
	return err
}

// goFacts returns what a Go build depends on apart from the sources.
func goFacts(ctx context.Context) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "GOEXPERIMENT", "CGO_ENABLED")
	cmd.Env = append(os.Environ(), settings()...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("read the version of go: %w", err)
	}
	return []string{string(out)}, nil
}
