package dev

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/review"
)

// plan is a short form of a preview.
type plan struct {
	warnings []string // losses of data
	steps    []string
	errors   string
	counts   map[string]int
}

// losesData reports whether the update would delete or replace what holds data.
func (p plan) losesData() bool { return len(p.warnings) > 0 }

// operations are the preview's operations in the order in which they are shown.
var operations = []struct{ name, sign, done string }{
	{"create", "+", "created"}, {"import", "=", "imported"}, {"update", "~", "changed"},
	{"replace", "±", "replaced"}, {"delete", "-", "deleted"},
}

// readPlan reads what `pulumi preview --json --show-sames` printed. That of a preview that failed has its errors.
func readPlan(preview []byte) (plan, error) {
	p := plan{errors: review.Errors(preview), counts: map[string]int{}}
	g, err := graph.FromPreview(bytes.NewReader(preview))
	if err != nil {
		if p.errors != "" {
			return p, nil
		}
		return p, err
	}
	for _, r := range review.Losses(g) {
		p.warnings = append(p.warnings, fmt.Sprintf("this %ss %s %s, which holds data", r.Op, kindOf(r), r.Name))
	}
	changed := review.Changes(g)
	for _, op := range operations {
		var of []*graph.Resource
		for _, r := range changed {
			if r.Op == op.name && r.Custom {
				of = append(of, r)
			}
		}
		p.counts[op.done] = len(of)
		p.steps = append(p.steps, lines(op.sign, of)...)
	}
	for _, r := range changed {
		if len(r.Loosened) > 0 {
			p.warnings = append(p.warnings, fmt.Sprintf("%s %s loses %s: a later update may delete it", kindOf(r), r.Name, strings.Join(r.Loosened, " and ")))
		}
	}
	return p, nil
}

// together is the number of resources with the same change, such as a new tag, from which on they share a line.
const together = 6

// lines has a line for each resource of an operation, or one for many whose same properties change.
func lines(sign string, resources []*graph.Resource) (lines []string) {
	same := map[string][]*graph.Resource{}
	for _, r := range resources {
		same[properties(r)] = append(same[properties(r)], r)
	}
	shown := map[string]bool{}
	for _, r := range resources {
		changed := properties(r)
		if changed == "" || len(same[changed]) < together {
			lines = append(lines, strings.TrimRight(fmt.Sprintf("%s %s %s %s", sign, kindOf(r), r.Name, changed), " "))
			continue
		}
		if !shown[changed] {
			shown[changed] = true
			lines = append(lines, fmt.Sprintf("%s %d resources %s: %s", sign, len(same[changed]), changed, kinds(same[changed])))
		}
	}
	return lines
}

// kinds lists how many resources there are of each kind.
func kinds(resources []*graph.Resource) string {
	counts := map[string]int{}
	for _, r := range resources {
		counts[kindOf(r)]++
	}
	var list []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[kind]; n > 1 {
			kind = fmt.Sprintf("%d %s", n, kind)
		}
		list = append(list, kind)
	}
	return strings.Join(list, ", ")
}

// kindOf is the last part of a type: "Function" of "aws:lambda/function:Function".
func kindOf(r *graph.Resource) string { return r.Type[strings.LastIndex(r.Type, ":")+1:] }

// properties names the properties that change; for a replacement, those that force it.
func properties(r *graph.Resource) string {
	paths := r.Diffs
	if r.Op == "replace" {
		paths = r.Replaces
	}
	if len(paths) == 0 || r.Op == "create" || r.Op == "delete" {
		return ""
	}
	// Without a property if a part of it is named too: tags, tags.purpose.
	named := slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		return slices.ContainsFunc(paths, func(other string) bool {
			return strings.HasPrefix(other, path+".") || strings.HasPrefix(other, path+"[")
		})
	})
	return "(" + strings.Join(named, ", ") + ")"
}

// show prints the plan, losses of data first.
func (p plan) show(s *screen, stack string, took time.Duration) {
	for _, warning := range p.warnings {
		s.printf(red, "WARNING: %s", warning)
	}
	if p.errors != "" {
		s.printf(red, "preview of %s failed:\n%s", stack, p.errors)
		return
	}
	if len(p.steps) == 0 && !p.losesData() {
		s.printf(plain, "preview of %s in %s: no changes", stack, seconds(took))
		return
	}
	var counts []string
	for _, op := range operations {
		if n := p.counts[op.done]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, op.done))
		}
	}
	s.printf(plain, "preview of %s in %s: %s; press u to update\n  %s", stack, seconds(took), strings.Join(counts, ", "), strings.Join(p.steps, "\n  "))
}
