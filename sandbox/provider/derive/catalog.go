// Package derive finds out how the upstream provider's types are called and
// shaped in the pulumi-aws SDK, by comparing the two.
package derive

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Catalog is what the pulumi-aws SDK says; the build command writes it. Types
// are written as "string", "int", "float", "bool", "any", "archive", "asset",
// "[]T" (list), "{}T" (map of strings to T) or "@pkg.Name", a key of Types.
type Catalog struct {
	Resources map[string]*Member           `json:"resources"`
	Functions map[string]*Member           `json:"functions"`
	Types     map[string]map[string]string `json:"types"`
}

// Member is one resource or function of the SDK.
type Member struct {
	Inputs  map[string]string `json:"inputs"`
	Outputs map[string]string `json:"outputs"`
	Secrets []string          `json:"secrets"`
	Aliases []string          `json:"aliases"`
}

// ReadCatalog reads a catalog from file.
func ReadCatalog(file string) (*Catalog, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the SDK's catalog (`go run .` in sandbox/provider/build makes it): %w", err)
	}
	catalog := &Catalog{}
	if err := json.Unmarshal(content, catalog); err != nil {
		return nil, fmt.Errorf("decode the SDK's catalog %s: %w", file, err)
	}
	return catalog, nil
}

// properties gives inputs and outputs together; where one side only says
// "any", the other side's type counts.
func (m *Member) properties() map[string]string {
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

// object gives the properties of the object type that kind names, or nil.
func (c *Catalog) object(kind string) map[string]string {
	name, ok := strings.CutPrefix(kind, "@")
	if !ok {
		return nil
	}
	return c.Types[name]
}
