package status

import (
	"bytes"
	"cmp"
	"context"
	_ "embed" // calendar.yaml
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/ops/graph"
)

//go:embed calendar.yaml
var calendarFile []byte

// end is a row of the calendar.
type end struct {
	What     string    `yaml:"what"`
	Type     string    `yaml:"type"`
	Engine   string    `yaml:"engine"` // "": the type has one
	Property string    `yaml:"property"`
	Version  string    `yaml:"version"`
	Ends     time.Time `yaml:"ends"` // zero: no end is announced
	Then     string    `yaml:"then"`
	// Minors: each minor version ends on its own, so it needs a row of its own.
	Minors  bool      `yaml:"minors"`
	Source  string    `yaml:"source"`
	Checked time.Time `yaml:"checked"`
}

// noRow is what the report has of a version that the calendar lacks.
const noRow = "the calendar has no row for it"

// recheck is how long a row is trusted.
const recheck = 365 * day

func readCalendar(file []byte) ([]end, error) {
	var rows []end
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	decoder.KnownFields(true)
	if err := decoder.Decode(&rows); err != nil {
		return nil, fmt.Errorf("calendar.yaml: %w", err)
	}
	var problems []error
	for i, row := range rows {
		for field, value := range map[string]string{"what": row.What, "type": row.Type, "property": row.Property, "version": row.Version, "source": row.Source} {
			if value == "" {
				problems = append(problems, fmt.Errorf("calendar.yaml: row %d (%s) has no %s", i+1, row.What, field))
			}
		}
		if row.Checked.IsZero() || (row.Then == "") != row.Ends.IsZero() {
			problems = append(problems, fmt.Errorf("calendar.yaml: row %d (%s): checked must be a date, and then is what follows ends", i+1, row.What))
		}
	}
	return rows, errors.Join(problems...)
}

// covers reports whether the row is about a resource's version.
func (e end) covers(r *graph.Resource, version string) bool {
	return r.Type == e.Type && (e.Engine == "" || e.Engine == r.Text("engine")) &&
		(version == e.Version || strings.HasPrefix(version, e.Version+"."))
}

// calendar compares the versions in the state with the calendar. Versions of the state are those of the stack file:
// AWS changes none that it supports, as automatic upgrades are off.
func calendar(_ context.Context, s *stack) ([]Item, error) {
	rows, err := readCalendar(calendarFile)
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, dated := range datedProperties(rows) {
		for _, r := range s.graph.ByType(dated.Type) {
			version := r.Text(dated.Property)
			if version == "" {
				continue
			}
			item := s.nextEnd(rows, r, version)
			if !slices.Contains(items, item) { // one for all functions of a runtime
				items = append(items, item)
			}
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Compare(a.Name, b.Name) })
	return items, nil
}

// datedProperties are one row for each type and property that the calendar has.
func datedProperties(rows []end) []end {
	var all []end
	for _, row := range rows {
		if !slices.ContainsFunc(all, func(e end) bool { return e.Type == row.Type && e.Property == row.Property }) {
			all = append(all, row)
		}
	}
	return all
}

// firstEnd is the row with the first end of a resource's version; nil: the calendar lacks one.
func firstEnd(rows []end, r *graph.Resource, version string) *end {
	var first *end
	ownRow, needed := false, false
	for i := range rows {
		row := &rows[i]
		if !row.covers(r, version) {
			continue
		}
		ownRow, needed = ownRow || row.Version == version, needed || row.Minors
		if first == nil || first.Ends.IsZero() || !row.Ends.IsZero() && row.Ends.Before(first.Ends) {
			first = row
		}
	}
	if needed && !ownRow {
		return nil
	}
	return first
}

// nextEnd is the first end of those that a resource's version has: that of its minor version, or of its major one. A
// minor version without a row is a warning also where its major version has one, which ends later.
func (s *stack) nextEnd(rows []end, r *graph.Resource, version string) Item {
	first := firstEnd(rows, r, version)
	if first == nil {
		return Item{
			Name: strings.TrimSpace(r.Text("engine") + " " + version), State: Warning, What: noRow,
			Do: "add one to ops/status/calendar.yaml, with the page of its support dates",
		}
	}
	item := Item{Name: first.What, State: OK, What: "no end is announced, " + first.Source}
	if !first.Ends.IsZero() {
		item.What = fmt.Sprintf("ends on %s, in %d days: then %s", first.Ends.Format(time.DateOnly), s.daysTo(first.Ends), first.Then)
		if s.daysTo(first.Ends) < s.warnDays {
			item.State, item.Do = Warning, "upgrade: docs/how-to/upgrade-engines.md; the dates are from "+first.Source
			return item
		}
	}
	if s.now.Sub(first.Checked) > recheck {
		item.State = Warning
		item.Do = fmt.Sprintf("the date was checked on %s: read %s again, and set ops/status/calendar.yaml", first.Checked.Format(time.DateOnly), first.Source)
	}
	return item
}

// Lacking lists the versions of resources that the calendar has no row for.
func Lacking(resources []graph.Resource) ([]string, error) {
	items, err := calendar(context.Background(), &stack{graph: &graph.Graph{Resources: resources}})
	var lacking []string
	for _, item := range items {
		if item.What == noRow {
			lacking = append(lacking, item.Name)
		}
	}
	return lacking, err
}
