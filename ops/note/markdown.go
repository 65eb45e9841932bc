package note

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/review"
)

// Note is what people read before they agree to a change.
type Note struct {
	// Commit is the short hash that was previewed, Pipeline the address of who did.
	Commit, Pipeline string
	// Stacks are the previews, one a stack.
	Stacks []*graph.Graph
	// Failed are the stacks that have none.
	Failed []Failure
	// Costs are the lines about money, one a stack; none where nothing is known.
	Costs []string
	// Accepted says that somebody agrees to the losses.
	Accepted bool
}

// longest is how much of one stack's diff the note shows, in bytes. GitLab takes notes of 1,000,000
// characters; nobody reads that many.
const longest = 60_000

// Markdown is the note as GitLab shows it: failures and losses first, then what each stack would do.
func (n Note) Markdown() (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "## Preview of %s\n\n", n.Commit)
	for _, f := range n.Failed {
		f.warn(&b)
	}
	n.warn(&b)
	for _, g := range n.Stacks {
		if err := stack(&b, g); err != nil {
			return "", err
		}
	}
	for _, cost := range n.Costs {
		fmt.Fprintf(&b, "<details><summary>Cost</summary>\n\n```text\n%s\n```\n\n</details>\n\n", cost)
	}
	if n.Pipeline != "" {
		fmt.Fprintf(&b, "[Pipeline](%s). This note is updated with every push.\n", n.Pipeline)
	}
	return b.String(), nil
}

// warn names, on top, what would be lost.
func (n Note) warn(b *strings.Builder) {
	var lines []string
	for _, g := range n.Stacks {
		for _, r := range review.Losses(g) {
			line := fmt.Sprintf("> - `%s` in **%s** is **%sd** (%s)", r.Name, g.Stack, r.Op, r.Type)
			if len(r.Replaces) > 0 {
				line += ", because of `" + strings.Join(r.Replaces, "`, `") + "`"
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
	b.WriteString("> [!caution] What holds data is lost\n")
	b.WriteString(strings.Join(lines, "\n"))
	if n.Accepted {
		fmt.Fprintf(b, "\n>\n> Accepted by the label `%s`.\n\n", AcceptLabel)
		return
	}
	fmt.Fprintf(b, "\n>\n> The pipeline stops here. Change the code so that it stays, or back it up and set the label `%s`.\n\n", AcceptLabel)
}

// order is how operations are counted and shown.
var order = []string{"delete", "replace", "update", "create", "import"}

func stack(b *strings.Builder, g *graph.Graph) error {
	print, err := review.Fingerprint(g)
	if err != nil {
		return err
	}
	changes := review.Changes(g)
	var counts []string
	for _, op := range order {
		if n := count(changes, op); n > 0 {
			counts = append(counts, fmt.Sprintf("%d to %s", n, op))
		}
	}
	if len(counts) == 0 {
		counts = []string{"no changes"}
	}
	fmt.Fprintf(b, "### %s: %s\n\n%s\n\n", g.Stack, strings.Join(counts, ", "), seal(g.Stack, print))
	if len(changes) == 0 {
		return nil
	}
	text := diff(changes)
	if len(text) > longest {
		text = text[:strings.LastIndexByte(text[:longest], '\n')+1] + "  ... the rest is in the job's artefact\n"
	}
	fence := fenceOf(text)
	fmt.Fprintf(b, "<details><summary>Changes</summary>\n\n%sdiff\n%s%s\n\n</details>\n\n", fence, text, fence)
	return nil
}

func count(changes []*graph.Resource, op string) int {
	n := 0
	for _, r := range changes {
		if r.Op == op {
			n++
		}
	}
	return n
}

// fenceOf is a fence that the text does not end.
func fenceOf(text string) string { return strings.Repeat("`", max(3, ticks(text)+1)) }

// ticks is the longest run of backticks, which would end a fence.
func ticks(text string) int {
	most, run := 0, 0
	for _, c := range text {
		if c == '`' {
			run++
			most = max(most, run)
		} else {
			run = 0
		}
	}
	return most
}

// diff shows the changes in the form that GitLab colours. A new resource is named, a changed one
// shown with its changes.
func diff(changes []*graph.Resource) string {
	var b strings.Builder
	for _, op := range order {
		for _, r := range changes {
			if r.Op != op {
				continue
			}
			fmt.Fprintf(&b, "%s %s %s (%s)\n", sign(op), op, r.Name, r.Type)
			if op == "update" || op == "replace" {
				properties(&b, r)
			}
		}
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

func properties(b *strings.Builder, r *graph.Resource) {
	before, after := map[string]string{}, map[string]string{}
	flatten(before, "", r.Before)
	flatten(after, "", r.Inputs)
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		was, had := before[path]
		is, has := after[path]
		if had && has && was == is {
			continue
		}
		if had {
			fmt.Fprintf(b, "-   %s: %s\n", path, was)
		}
		if has {
			fmt.Fprintf(b, "+   %s: %s\n", path, is)
		}
	}
	for _, path := range r.Replaces {
		fmt.Fprintf(b, "    %s forces the replacement\n", path)
	}
}

// flatten puts every value at its path; what the engine keeps for itself (__defaults) is left out.
func flatten(into map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			if strings.HasPrefix(key, "__") {
				continue
			}
			at := key
			if path != "" {
				at = path + "." + key
			}
			flatten(into, at, item)
		}
	case []any:
		for i, item := range v {
			flatten(into, fmt.Sprintf("%s[%d]", path, i), item)
		}
	case nil:
	default:
		into[path] = text(v)
	}
}

// text is a value on one line.
func text(value any) string {
	const enough = 200
	if value == graph.Unknown {
		return "(known after the update)"
	}
	s, ok := value.(string)
	if !ok {
		encoded, err := json.Marshal(value)
		if err != nil {
			return fmt.Sprint(value)
		}
		s = string(encoded)
	}
	s = strings.ReplaceAll(strings.TrimSpace(s), "\n", `\n`)
	if len(s) > enough {
		return s[:enough] + "..."
	}
	return s
}
