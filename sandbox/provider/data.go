package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-provider-aws/sandbox/bridge"
	"github.com/hashicorp/terraform-provider-aws/sandbox/catalog"
	"github.com/hashicorp/terraform-provider-aws/sandbox/derive"
	"github.com/hashicorp/terraform-provider-aws/sandbox/upstream"
)

// The generated files.
const (
	schemaFile   = "schema.json"
	mappingFile  = "mapping.json"
	metadataFile = "metadata.json"
)

// data is what generate computes once, so that a start need not.
type data struct {
	schema   []byte
	mapping  *bridge.Mapping
	metadata []byte
}

// load reads the generated files from dir.
func load(dir string) (*data, error) {
	files := map[string][]byte{}
	for _, name := range []string{schemaFile, mappingFile, metadataFile} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s is missing next to the plugin: build it with `go run .` in sandbox/provider/build", dir)
		}
		if err != nil {
			return nil, fmt.Errorf("read the generated files: %w", err)
		}
		files[name] = content
	}
	mapping := &bridge.Mapping{}
	if err := json.Unmarshal(files[mappingFile], mapping); err != nil {
		return nil, fmt.Errorf("decode %s: %w", filepath.Join(dir, mappingFile), err)
	}
	return &data{schema: files[schemaFile], mapping: mapping, metadata: files[metadataFile]}, nil
}

// store generates the files in dir from the upstream provider and the catalog.
func store(ctx context.Context, catalogFile, dir string) error {
	sdk, err := catalog.Read(catalogFile)
	if err != nil {
		return err
	}
	provider, err := upstream.New(ctx)
	if err != nil {
		return err
	}
	mapping, err := derive.Mapping(provider, sdk)
	if err != nil {
		return err
	}
	info := bridge.Provider(provider, mapping, nil)
	schema, metadata, err := bridge.Generate(info)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(mapping)
	if err != nil {
		return fmt.Errorf("encode the mapping: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create %s: %w", dir, err)
	}
	for name, content := range map[string][]byte{schemaFile: schema, mappingFile: encoded, metadataFile: metadata} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("store the generated files: %w", err)
		}
	}
	return nil
}
