package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	upstreamModule = "github.com/hashicorp/terraform-provider-aws"
	sdkModule      = "github.com/pulumi/pulumi-aws/sdk/v6"

	// stampFile holds the key of a finished tree; it is written last.
	stampFile = ".prepared"
	// catalogFile is what the SDK says, in the tree that the plugin reads it from.
	catalogFile = "pulumi-aws-sdk.json"
)

// prepare makes the reduced upstream tree with the SDK's catalog in it, unless
// the tree of that key is there.
func prepare(tree, key string) error {
	if hasKey(filepath.Join(tree, stampFile), key) {
		return nil
	}
	services, err := readLines("services.txt")
	if err != nil {
		return err
	}
	upstream, err := download(upstreamModule)
	if err != nil {
		return err
	}
	sdk, err := download(sdkModule)
	if err != nil {
		return err
	}
	return install(tree, key, func(dir string) error {
		if err := reduce(upstream, dir, services); err != nil {
			return err
		}
		return writeCatalog(sdk, filepath.Join(dir, catalogFile))
	})
}

// install makes a tree beside dir and swaps it in when it is complete, so that
// a killed run never leaves half a tree under the final name.
func install(dir, key string, build func(tree string) error) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make the build folder: %w", err)
	}
	tree := dir + ".new"
	if err := os.RemoveAll(tree); err != nil {
		return fmt.Errorf("remove what a killed run left: %w", err)
	}
	if err := os.Mkdir(tree, 0o755); err != nil {
		return fmt.Errorf("make a new tree: %w", err)
	}
	err := build(tree)
	if err == nil {
		err = writeKey(filepath.Join(tree, stampFile), key)
	}
	if err == nil {
		err = swap(tree, dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(tree))
	}
	return nil
}

func swap(tree, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the old tree: %w", err)
	}
	if err := os.Rename(tree, dir); err != nil {
		return fmt.Errorf("put the new tree in place: %w", err)
	}
	return nil
}
