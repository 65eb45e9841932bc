// Command build builds the sandbox's AWS provider, the plugin
// pulumi-resource-aws, in three steps. It copies the upstream provider from the
// module cache without the services that no program uses, so that a build takes
// minutes instead of an hour. It compiles the plugin. It has the plugin generate
// its schema, so that the plugin starts fast.
//
// It is a module of its own, because the provider's module cannot be loaded before
// the directory in its replace directive exists. The tree has a key: a run with the
// same key does not change it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/sandbox/uses"
)

func main() {
	out := flag.String("out", "../../../.sandbox/bin/pulumi-resource-aws", "file to write the plugin to")
	only := flag.Bool("prepare", false, "stop after the upstream tree is prepared; nothing is compiled")
	keep := flag.Bool("keep", false, "also serve what the tree of before was prepared for: a stack may have resources that the program no longer creates")
	require := flag.Bool("require", false, "only add to ../go.mod and ../go.sum what upstream requires, after go mod tidy there")
	flag.Parse()
	do := func() error { return run(*out, *only, *keep) }
	if *require {
		do = func() error { return requireAll("..") }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "provider build:", err)
		os.Exit(1)
	}
}

// run must be started in the command's directory, as by `go run .` there.
func run(out string, only, keep bool) error {
	provider, err := filepath.Abs("..")
	if err != nil {
		return fmt.Errorf("find the provider's directory: %w", err)
	}
	if out, err = filepath.Abs(out); err != nil {
		return fmt.Errorf("output file: %w", err)
	}
	// go.mod of the provider replaces upstream with this directory.
	tree := filepath.Join(provider, "../../.sandbox/build/terraform-provider-aws")
	found, err := uses.Find(filepath.Join(provider, "../.."))
	if err != nil {
		return err
	}
	if keep {
		if found, err = uses.Keep(found, tree); err != nil {
			return err
		}
	}
	key, err := treeKey(found)
	if err != nil {
		return err
	}
	if err := step("upstream prepared", func() error { return prepare(tree, key, found) }); err != nil || only {
		return err
	}
	return step("plugin built", func() error { return compile(provider, tree, out) })
}

func step(done string, do func() error) error {
	started := time.Now()
	if err := do(); err != nil {
		return err
	}
	fmt.Printf("provider: %s (%s)\n", done, time.Since(started).Round(10*time.Millisecond))
	return nil
}
