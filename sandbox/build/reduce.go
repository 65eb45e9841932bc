package build

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// withoutDir is the directory in a tool's module with files that replace other modules' source, by import path.
const withoutDir = "_without"

// reduction is what a tool is built without.
type reduction struct {
	// files are the modules of which withoutDir has single files, each of which replaces the file of the same name.
	files []string
	// modules are those that withoutDir replaces completely.
	modules []string
}

// reduce copies the modules of which files are replaced to tree, and returns a go.mod for the build that refers to them
// and to withoutDir.
func (j job) reduce(ctx context.Context, r reduction, tree string) (string, error) {
	if err := os.RemoveAll(tree); err != nil {
		return "", fmt.Errorf("remove the modules of an earlier build: %w", err)
	}
	mod, err := os.ReadFile(filepath.Join(j.dir, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read the tool's go.mod: %w", err)
	}
	without := filepath.Join(j.dir, withoutDir)
	for _, module := range r.modules {
		mod = fmt.Appendf(mod, "\nreplace %s => %s\n", module, filepath.Join(without, module))
	}
	for _, module := range r.files {
		if err := j.run(ctx, "go", "mod", "download", module); err != nil {
			return "", err
		}
		source, err := j.output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
		if err != nil {
			return "", err
		}
		dir := filepath.Join(tree, module)
		if err := copyModule(strings.TrimSpace(string(source)), dir); err != nil {
			return "", err
		}
		if err := replaceFiles(filepath.Join(without, module), dir); err != nil {
			return "", err
		}
		mod = fmt.Appendf(mod, "\nreplace %s => %s\n", module, dir)
	}
	sum, err := os.ReadFile(filepath.Join(j.dir, "go.sum"))
	if err != nil {
		return "", fmt.Errorf("read the tool's go.sum: %w", err)
	}
	for name, content := range map[string][]byte{"go.mod": mod, "go.sum": sum} {
		if err := os.WriteFile(filepath.Join(tree, name), content, 0o600); err != nil {
			return "", fmt.Errorf("write the build's %s: %w", name, err)
		}
	}
	return filepath.Join(tree, "go.mod"), nil
}

// copyModule copies a module without its tests.
func copyModule(source, dir string) error {
	return eachFile(source, func(path string) error {
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		return copyFile(filepath.Join(source, path), filepath.Join(dir, path))
	})
}

// replaceFiles replaces files of a module, which must exist: another version of the module may have renamed them.
func replaceFiles(without, dir string) error {
	return eachFile(without, func(path string) error {
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			return fmt.Errorf("%s replaces no file of the module: %w", filepath.Join(without, path), err)
		}
		return copyFile(filepath.Join(without, path), filepath.Join(dir, path))
	})
}

// eachFile calls do for each file below a directory, by its relative path, other modules and test data left out.
func eachFile(root string, do func(path string) error) error {
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			return do(rel)
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); rel != "." && (err == nil || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("walk %s: %w", root, err)
	}
	return nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read a module: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("create the directory of a module: %w", err)
	}
	if err := os.WriteFile(to, content, 0o644); err != nil { //nolint:gosec // source
		return fmt.Errorf("write a module: %w", err)
	}
	return nil
}
