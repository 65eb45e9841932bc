// Package licences lists the licences of an SBOM's modules, and rejects those that are not on the list here.
package licences

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/command"
)

// agreed are licences (SPDX) that require no more than a notice, or the publication of changes to their own files
// (MPL-2.0).
var agreed = []string{
	"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MPL-2.0", "Unlicense", "Zlib",
}

// misread are modules whose licence the SBOM's detector reports as a rarer one of the same family.
var misread = map[[2]string]string{{"golang.org/x", "BSD-Source-Code"}: "BSD-3-Clause"}

// sbom is the part of a CycloneDX document (https://cyclonedx.org/docs/1.6/json/) that is read.
type sbom struct {
	Components []component `json:"components"`
}

type component struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Licences licences `json:"licenses"`
	Evidence struct {
		Licences licences `json:"licenses"`
	} `json:"evidence"`
}

type licences []struct {
	Expression string `json:"expression"`
	Licence    struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"license"`
}

// Run writes the list as CSV: module, version, licences.
func Run(_ context.Context, streams command.IO, args []string) error {
	flags := command.Flags("licences")
	name := flags.String("sbom", "", "CycloneDX `file` in JSON")
	if err := command.Parse(streams, flags, args); err != nil {
		return err
	}
	file, err := os.Open(*name)
	if err != nil {
		return fmt.Errorf("read the SBOM: %w", err)
	}
	defer func() { _ = file.Close() }()
	return list(streams, file)
}

func list(streams command.IO, document io.Reader) error {
	var s sbom
	if err := json.NewDecoder(document).Decode(&s); err != nil {
		return fmt.Errorf("read the SBOM: %w", err)
	}
	if len(s.Components) == 0 {
		return errors.New("the SBOM names no modules")
	}
	slices.SortFunc(s.Components, func(a, b component) int { return cmp.Compare(a.Name, b.Name) })
	var rejected error
	table := csv.NewWriter(streams.Stdout)
	for _, c := range s.Components {
		names := c.names()
		if len(names) == 0 || !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(agreed, n) }) {
			rejected = errors.Join(rejected, fmt.Errorf("%s %s: %q is none of %s", c.Name, c.Version, strings.Join(names, ", "), strings.Join(agreed, ", ")))
		}
		if err := table.Write([]string{c.Name, c.Version, strings.Join(names, " ")}); err != nil {
			return err
		}
	}
	table.Flush()
	return errors.Join(rejected, table.Error())
}

// names are the licences to choose from.
func (c component) names() []string {
	var names []string
	for _, l := range append(slices.Clone(c.Licences), c.Evidence.Licences...) {
		name := cmp.Or(l.Expression, l.Licence.ID, l.Licence.Name)
		name = cmp.Or(misread[[2]string{path.Dir(c.Name), name}], name)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
