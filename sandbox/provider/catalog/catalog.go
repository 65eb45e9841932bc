// Package catalog reads the types of the pulumi-aws SDK, which the build command
// has found in the SDK's source.
package catalog

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Catalog has the types of the pulumi-aws SDK; the build command writes it. Types
// are written as "string", "int", "float", "bool", "any", "archive", "asset",
// "[]T" (list), "{}T" (map of strings to T) or "@pkg.Name", a key of Types.
type Catalog struct {
	Resources map[string]*Member           `json:"resources"`
	Functions map[string]*Member           `json:"functions"`
	Types     map[string]map[string]string `json:"types"`
	// Used are the tokens of the types that the programs use.
	Used struct{ Resources, Functions []string } `json:"used"`
	// ResourceTokens and FunctionTokens are the SDK's tokens of upstream types, by upstream name.
	ResourceTokens map[string]string `json:"resourceTokens"`
	FunctionTokens map[string]string `json:"functionTokens"`
}

// Member is one resource or function of the SDK.
type Member struct {
	Inputs  map[string]string `json:"inputs"`
	Outputs map[string]string `json:"outputs"`
	Secrets []string          `json:"secrets"`
	Aliases []string          `json:"aliases"`
}

// Read reads a catalog from file.
func Read(file string) (*Catalog, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the SDK's catalog (`go run .` in sandbox/provider/build writes it): %w", err)
	}
	read := &Catalog{}
	if err := json.Unmarshal(content, read); err != nil {
		return nil, fmt.Errorf("decode the SDK's catalog %s: %w", file, err)
	}
	return read, nil
}

// Properties returns inputs and outputs together. If the type of one is "any",
// that of the other counts.
func (m *Member) Properties() map[string]string {
	all := map[string]string{}
	for _, side := range []map[string]string{m.Inputs, m.Outputs} {
		for name, kind := range side {
			if known, ok := all[name]; !ok || known == "any" {
				all[name] = kind
			}
		}
	}
	return all
}

// Object returns the properties of the object type that kind names, or nil.
func (c *Catalog) Object(kind string) map[string]string {
	name, ok := strings.CutPrefix(kind, "@")
	if !ok {
		return nil
	}
	return c.Types[name]
}
