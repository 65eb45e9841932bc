package note

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/review"
)

// Note is what reviewers read before they approve a change.
type Note struct {
	// Commit is the short hash of the previewed commit, Pipeline the address of the pipeline.
	Commit, Pipeline string
	// Stacks are the previews, one a stack.
	Stacks []*graph.Graph
	// Failed are the stacks that have none.
	Failed []Failure
	// Costs are the lines about cost, one a stack; none where it is not known.
	Costs []string
	// Accepted: review.AcceptLabel is set.
	Accepted bool
}

// GitLab limits notes to 1,000,000 characters (https://docs.gitlab.com/api/notes/) and to one megabyte
// (https://gitlab.com/gitlab-org/gitlab/-/merge_requests/18605). Counted in bytes, the first is the smaller limit.
const (
	largestNote = 1_000_000
	// allChanges is the share of the changes of all stacks.
	allChanges = 800_000
	// longestText is the share of one tool's output.
	longestText = 20_000
)

// address matches the address of a pipeline: no character of it ends a link.
var address = regexp.MustCompile(`^https?://[A-Za-z0-9./:_-]+$`)

// Markdown returns the note: the seals, which GitLab does not show; failures and losses; then the changes of each
// stack.
func (n Note) Markdown() (string, error) {
	var b strings.Builder
	if err := n.seals(&b); err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "## Preview of %s\n\n", code(n.Commit))
	for _, f := range n.Failed {
		f.warn(&b)
	}
	n.warn(&b)
	for _, g := range n.Stacks {
		stack(&b, g, allChanges/len(n.Stacks))
	}
	for _, cost := range n.Costs {
		fmt.Fprintf(&b, "<details><summary>Cost</summary>\n\n%s\n</details>\n\n", block("text", cut(message(cost), longestText, "the artefacts of the preview's job")))
	}
	if address.MatchString(n.Pipeline) {
		fmt.Fprintf(&b, "[Pipeline](%s). This note is updated with every push.\n", n.Pipeline)
	}
	if size := b.Len() + len(marker) + 1; size > largestNote {
		return "", fmt.Errorf("the note has %d bytes, and GitLab accepts %d: split the merge request into smaller ones", size, largestNote)
	}
	return b.String(), nil
}

// seals begin the note, before any name or value: one for each stack.
func (n Note) seals(b *strings.Builder) error {
	seen := map[string]bool{}
	once := func(stack string) error {
		if err := checkStack(stack); err != nil {
			return err
		}
		if seen[stack] {
			return fmt.Errorf("stack %s is set twice: set one --preview or --failed for each stack", stack)
		}
		seen[stack] = true
		return nil
	}
	for _, g := range n.Stacks {
		print, err := review.Fingerprint(g)
		if err == nil {
			err = once(g.Stack)
		}
		if err != nil {
			return err
		}
		b.WriteString(seal(g.Stack, print) + "\n")
	}
	for _, f := range n.Failed {
		if err := once(f.Stack); err != nil {
			return err
		}
	}
	b.WriteString("\n")
	return nil
}

// warn lists losses, at the top.
func (n Note) warn(b *strings.Builder) {
	var lines []string
	for _, g := range n.Stacks {
		for _, r := range review.Losses(g) {
			line := fmt.Sprintf("> - %s in **%s** is **%sd** (%s)", code(r.Name), g.Stack, r.Op, r.Type)
			for i, path := range r.Replaces {
				line += []string{", because of ", ", "}[min(i, 1)] + code(path)
			}
			if r.Protect {
				line += "; it is protected, so the update will fail"
			}
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return
	}
	b.WriteString("> [!caution] Data is lost\n")
	b.WriteString(strings.Join(lines, "\n"))
	if n.Accepted {
		fmt.Fprintf(b, "\n>\n> Accepted by the label `%s`.\n\n", review.AcceptLabel)
		return
	}
	fmt.Fprintf(b, "\n>\n> The pipeline stops here. Change the code so that it stays, or back it up and set the label `%s`.\n\n", review.AcceptLabel)
}

// order is that of operations; others follow.
var order = []string{"delete", "replace", "update", "create", "import"}

// op is the note's word for a change. The engine reports a change of options alone as same.
func op(r *graph.Resource) string {
	if r.Op == "same" {
		return "unprotect"
	}
	return r.Op
}

// byOrder sorts changes by their operation.
func byOrder(changes []*graph.Resource) []*graph.Resource {
	rank := func(r *graph.Resource) int {
		if i := slices.Index(order, r.Op); i >= 0 {
			return i
		}
		return len(order)
	}
	return slices.SortedStableFunc(slices.Values(changes), func(a, b *graph.Resource) int { return cmp.Compare(rank(a), rank(b)) })
}

func stack(b *strings.Builder, g *graph.Graph, most int) {
	changes := byOrder(review.Changes(g))
	var counts []string
	for i := 0; i < len(changes); {
		n := i
		for n < len(changes) && op(changes[n]) == op(changes[i]) {
			n++
		}
		counts = append(counts, fmt.Sprintf("%d to %s", n-i, escaped(op(changes[i]))))
		i = n
	}
	if len(counts) == 0 {
		counts = []string{"no changes"}
	}
	fmt.Fprintf(b, "### %s: %s\n\n", g.Stack, strings.Join(counts, ", "))
	if len(changes) == 0 {
		return
	}
	text := diff(changes, most, fmt.Sprintf("preview-%[1]s.json in the artefacts of the job preview:%[1]s", g.Stack))
	fmt.Fprintf(b, "<details><summary>Changes</summary>\n\n%s\n</details>\n\n", block("diff", text))
}

// diff lists the changes in the form that GitLab colours: every resource, and as many of their properties as fit. What
// is left out is counted.
func diff(changes []*graph.Resource, most int, where string) string {
	var b strings.Builder
	for _, r := range byOrder(changes) {
		fmt.Fprintf(&b, "%s %s %s (%s)\n", sign(r.Op), escaped(op(r)), escaped(r.Name), escaped(r.Type))
		if r.Op == "delete" {
			continue
		}
		lines := properties(r)
		if len(lines) == 0 {
			continue
		}
		text := cut(strings.Join(lines, "\n"), most, where)
		most -= len(text)
		b.WriteString(text + "\n")
	}
	return b.String()
}

// sign begins a line of a diff: GitLab shows - in red, + in green and ! in another colour.
func sign(op string) string {
	switch op {
	case "delete", "replace":
		return "-"
	case "create", "import":
		return "+"
	default:
		return "!"
	}
}
