package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// closure collects the packages of the upstream module that a set of packages
// imports, directly or not, without tests.
type closure struct {
	source   string
	packages map[string]bool   // directories, relative to source
	calls    map[string]bool   // every selector that ends in Client, as awsclient_gen.go's methods do
	replace  map[string][]byte // files taken from here instead of source; nil: left out of the scan
}

func newClosure(source string) *closure {
	return &closure{
		source:   source,
		packages: map[string]bool{},
		calls:    map[string]bool{},
		replace:  map[string][]byte{},
	}
}

func (c *closure) addAll(dirs []string) error {
	for _, dir := range dirs {
		if err := c.add(dir); err != nil {
			return err
		}
	}
	return nil
}

func (c *closure) add(dir string) error {
	if c.packages[dir] {
		return nil
	}
	c.packages[dir] = true
	entries, err := os.ReadDir(filepath.Join(c.source, dir))
	if err != nil {
		return fmt.Errorf("read package %s: %w", dir, err)
	}
	for _, entry := range entries {
		if entry.IsDir() || !c.isBuilt(dir, entry.Name()) {
			continue
		}
		file := path.Join(dir, entry.Name())
		content, replaced := c.replace[file]
		if !replaced {
			if content, err = os.ReadFile(filepath.Join(c.source, file)); err != nil {
				return fmt.Errorf("read %s: %w", file, err)
			}
		}
		if err := c.scan(file, content); err != nil {
			return err
		}
	}
	return nil
}

// isBuilt reports whether a Go file is part of a normal build: no test, no
// generator, and not for another system.
func (c *closure) isBuilt(dir, name string) bool {
	if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
		return false
	}
	match, err := build.Default.MatchFile(filepath.Join(c.source, dir), name)
	return err == nil && match
}

// scan follows a file's imports and records the client methods that it calls.
// Content is nil for a file that is not decided yet.
func (c *closure) scan(file string, content []byte) error {
	if content == nil {
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, content, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse upstream's %s: %w", file, err)
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok && strings.HasSuffix(selector.Sel.Name, "Client") {
			c.calls[selector.Sel.Name] = true
		}
		return true
	})
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("import in %s: %w", file, err)
		}
		if dir, ok := packageDir(imported); ok {
			if err := c.add(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyTo writes the collected packages with the files they may embed.
func (c *closure) copyTo(tree string) error {
	for _, dir := range slices.Sorted(maps.Keys(c.packages)) {
		if err := c.copyPackage(dir, tree); err != nil {
			return err
		}
	}
	// internal/embed.go embeds this one from a directory that is no package.
	const shared = "internal/service/smarterr.hcl"
	return c.copyFile(shared, tree)
}

func (c *closure) copyPackage(dir, tree string) error {
	entries, err := os.ReadDir(filepath.Join(c.source, dir))
	if err != nil {
		return fmt.Errorf("read package %s: %w", dir, err)
	}
	if err := os.MkdirAll(filepath.Join(tree, dir), 0o755); err != nil {
		return fmt.Errorf("create %s: %w", dir, err)
	}
	for _, entry := range entries {
		isGo := strings.HasSuffix(entry.Name(), ".go")
		if entry.IsDir() || isGo && !c.isBuilt(dir, entry.Name()) {
			continue
		}
		if err := c.copyFile(path.Join(dir, entry.Name()), tree); err != nil {
			return err
		}
	}
	return nil
}

func (c *closure) copyFile(file, tree string) error {
	content, replaced := c.replace[file]
	if !replaced {
		var err error
		if content, err = os.ReadFile(filepath.Join(c.source, file)); err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
	}
	if err := os.WriteFile(filepath.Join(tree, file), content, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}
