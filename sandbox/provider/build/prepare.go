package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/didomi/serverless-api/sandbox/uses"
)

const (
	upstreamModule = "github.com/hashicorp/terraform-provider-aws"
	sdkModule      = "github.com/pulumi/pulumi-aws/sdk/v6"

	// stampFile holds the key of a finished tree; it is written last.
	stampFile = ".prepared"
	// catalogFile has the SDK's types, in the tree from which the plugin reads it.
	catalogFile = "pulumi-aws-sdk.json"
)

// prepare creates the reduced upstream tree with the SDK's catalog, unless the tree of that key exists. found is what the
// programs use of the provider (see uses.Find).
func prepare(tree, key string, found []string) error {
	if hasKey(filepath.Join(tree, stampFile), key) {
		return nil
	}
	upstream, err := download(upstreamModule)
	if err != nil {
		return err
	}
	dir, err := download(sdkModule)
	if err != nil {
		return err
	}
	source := newSDK(dir)
	used, err := source.used(found)
	if err != nil {
		return err
	}
	services, served, err := chooseServices(upstream, used)
	if err != nil {
		return err
	}
	catalog, err := newCatalog(source, served, used)
	if err != nil {
		return err
	}
	return install(tree, key, func(dir string) error {
		if err := reduce(upstream, dir, services); err != nil {
			return err
		}
		if err := uses.Write(found, dir); err != nil {
			return err
		}
		return catalog.write(filepath.Join(dir, catalogFile))
	})
}

// chooseServices returns the upstream services that have the used types, and all types that they serve.
func chooseServices(upstream string, used used) ([]string, registered, error) {
	all, err := readServices(upstream)
	if err != nil {
		return nil, registered{}, err
	}
	services, err := servicesOf(all, used)
	if err != nil {
		return nil, registered{}, err
	}
	unserved, err := readLines("leftout.txt")
	if err != nil {
		return nil, registered{}, err
	}
	isUnserved := func(upstream string) bool { return slices.Contains(unserved, upstream) }
	var served registered
	for _, service := range services {
		served.resources = append(served.resources, slices.DeleteFunc(all[service].resources, isUnserved)...)
		served.functions = append(served.functions, all[service].functions...)
	}
	return services, served, nil
}

// install builds a tree next to dir and renames it when it is complete, so that a
// killed run never leaves an incomplete tree under the final name.
func install(dir, key string, build func(tree string) error) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("create the build directory: %w", err)
	}
	tree := dir + ".new"
	if err := os.RemoveAll(tree); err != nil {
		return fmt.Errorf("remove what a killed run left: %w", err)
	}
	if err := os.Mkdir(tree, 0o755); err != nil {
		return fmt.Errorf("create a new tree: %w", err)
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
