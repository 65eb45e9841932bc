package audit

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// usage is a grant of a role or a user that was not used, or is wider than its use.
type usage struct {
	owner string
	grant grant
	how   string
}

// printUse writes a table of the grants that were not used as granted, each with the reason why it stays.
func printUse(out io.Writer, all []judged) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "role\tgrants\tby\twhich\tstays because")
	for _, f := range all {
		if f.usage == nil {
			continue
		}
		reason, _, _ := strings.Cut(f.reason, ". ")
		if reason == "" {
			reason = "OPEN: no reason given"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", f.usage.owner, f.usage.grant.what, f.usage.grant.sid, f.usage.how, reason)
	}
	_ = table.Flush()
}

// stale finds the entries of accepted.yaml about use without a finding: what is used by now, or no longer
// granted, needs no reason.
func stale(list []acceptance, stack string, found []Finding) []Finding {
	var old []Finding
	for _, a := range list {
		if a.Rule != useRule || a.Stack != "" && a.Stack != stack {
			continue
		}
		for _, what := range a.What {
			single := a
			single.What = texts{what}
			if !slices.ContainsFunc(found, func(f Finding) bool { return single.covers(stack, f) }) {
				old = append(old, Finding{
					Rule: useRule, Resource: "accepted.yaml " + a.Resource,
					What: fmt.Sprintf("gives a reason for %s, which is used or not granted", what), Do: "remove the reason",
				})
			}
		}
	}
	return old
}
