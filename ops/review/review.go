// Package review examines a preview for a reviewer: which resources with data it deletes or replaces, and whether it is
// the preview that was reviewed.
package review

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

// Changes are the resources that the preview changes, by URN, also those that only lose their protection: the next
// update may delete them.
func Changes(g *graph.Graph) []*graph.Resource {
	var changes []*graph.Resource
	for i := range g.Resources {
		if r := &g.Resources[i]; r.Op != "same" && r.Op != "read" && r.Op != "" || len(r.Loosened) > 0 {
			changes = append(changes, r)
		}
	}
	slices.SortFunc(changes, func(a, b *graph.Resource) int { return cmp.Compare(a.URN, b.URN) })
	return changes
}

// Fingerprint is equal for previews with the same operations on the same resources, the same inputs as far as they are
// known and not secret, and the same drift undone. It is a complete SHA-256, because a different preview could be
// constructed to match a part of it.
func Fingerprint(g *graph.Graph) (string, error) {
	hash := sha256.New()
	changes := Changes(g)
	names := autoNames(changes)
	for _, r := range changes {
		replaces := slices.Sorted(slices.Values(r.Replaces))
		line, err := json.Marshal([]any{r.Op, r.URN, replaces, r.Loosened, r.Inputs})
		if err != nil {
			return "", fmt.Errorf("fingerprint of %s: %w", r.URN, err)
		}
		hash.Write([]byte(names.Replace(string(line)) + "\n"))
	}
	for _, d := range Undone(g) {
		line, err := json.Marshal([]any{"drift", d.URN, d.Gone, d.Paths})
		if err != nil {
			return "", fmt.Errorf("fingerprint of the drift of %s: %w", d.URN, err)
		}
		hash.Write(append(line, '\n'))
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// autoName matches the names that Pulumi generates: the resource's logical name and seven random digits, which differ
// between previews.
var autoName = regexp.MustCompile(`^(.+)-[0-9a-f]{7}$`)

// autoNames removes the random digits from the names of new resources, in every value.
func autoNames(changes []*graph.Resource) *strings.Replacer {
	var pairs []string
	for _, r := range changes {
		for _, value := range r.Inputs {
			name, ok := value.(string)
			if match := autoName.FindStringSubmatch(name); ok && match != nil && match[1] == r.Name && r.Op != "update" {
				pairs = append(pairs, name, r.Name)
			}
		}
	}
	return strings.NewReplacer(pairs...)
}
