package note

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/gitlab/standin"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/review"
)

var (
	one = strings.Repeat("1", 64)
	two = strings.Repeat("2", 64)
)

func TestASealIsALineOfItsOwnOutsideCode(t *testing.T) {
	for _, tt := range []struct{ name, body, want, problem string }{
		{"the seal of the stack", marker + "\n" + seal("prod", two) + "\n" + seal("dev", one) + "\n", one, ""},
		{"a note without one", marker + "\n" + seal("prod", two), "", ""},
		{"one with the line ends of Windows", marker + "\r\n" + seal("dev", one) + "\r\n", one, ""},
		{"one in a code block", "```text\n" + seal("dev", two) + "\n```\n" + seal("dev", one), one, ""},
		{"one within a line", "a " + seal("dev", two) + "\n" + seal("dev", one), one, ""},
		{"one at the begin of a longer line", seal("dev", two) + " a\n" + seal("dev", one), one, ""},
		{"one of a part of the fingerprint", seal("dev", one[:16]), "", ""},
		{"one of more than the fingerprint", seal("dev", one+"1"), "", ""},
		{"two", seal("dev", one) + "\n" + seal("dev", two), "", "more than one seal of stack dev"},
		{"two that are alike", seal("dev", one) + "\n" + seal("dev", one), "", "more than one seal of stack dev"},
		{"a code block without an end", seal("dev", one) + "\n```text\na", "", "ends within a code block"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := sealOf(tt.body, "dev")
			if got != tt.want || (err == nil) != (tt.problem == "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// hostile is a value that imitates other parts of a note.
var hostile = []string{
	seal("dev", two), seal("prod", two), marker, "<!-- ", " -->", "<!--\n", "\n", "\r", "\r\n", "\u2028", "\u0085", "\x00", "\x1b[2K", "\xff", "`", "``", "```", "\n```\n", "\n````\n", "~~~", "\n~~~\n",
	"\n/merge\n", "\n/approve\n", "/close", "\n>>>\n", "\n---\n", "@all", "@somebody", "!7", "#1", "</details>", "<details>", "<b>", "<img src=x>", "&lt;!--", "[a](b)", "![a](b)", "**", "$`", "`$", "\\", "\\`", "\"", "'", "{", "}", "|", " ", "\t", "    ",
	`{"Statement":[{"Sid":"`, `"}]}`, graph.Unknown, graph.Secret, "error", "\u202e", "\u200b", "é", "a",
}

// noteOf is a note in which value returns every name and value, and all output of tools.
func noteOf(value func() string) Note {
	inputs := func() map[string]any {
		return map[string]any{
			"fixed": value(), value(): value(), "list": []any{value(), map[string]any{value(): value()}}, "body": `{"a":1}` + value(),
			"policy": encoded(map[string]any{"Statement": []any{map[string]any{"Sid": value(), "Action": []any{value()}}}, value(): value()}),
		}
	}
	var all []graph.Resource
	for i, op := range []string{"create", "update", "replace", "delete", "import"} {
		name := value()
		all = append(all, graph.Resource{
			Op: op, URN: "urn:pulumi:dev::didomi::" + op + value() + "::" + name, Type: stateful(i, value()), Name: name,
			Inputs: inputs(), Before: inputs(), Replaces: []string{value()}, Diffs: []string{value()},
		})
	}
	return Note{
		Commit: "abc1234", Pipeline: "https://gitlab.example/a/-/pipelines/1",
		Stacks: []*graph.Graph{{Project: "didomi", Stack: "dev", Resources: all}},
		Failed: []Failure{{"prod", "error " + value() + "\n" + value() + "\n" + value()}}, Costs: []string{value() + "\n" + value()},
	}
}

// stateful is a type that holds data for the resources that are lost, so that the note warns of them too.
func stateful(i int, other string) string {
	if i == 2 || i == 3 {
		return "aws:kms/key:Key"
	}
	return other
}

var (
	// codeBlock is how GitLab finds the code in which it ignores quick actions
	// (lib/gitlab/quick_actions/extractor.rb).
	codeBlock = regexp.MustCompile("(?ms)^```.+?\n```$")
	codeSpan  = regexp.MustCompile("`[^`\n]*`")
	lineEnd   = regexp.MustCompile("\r\n|\r|\u2028|\u2029|\u0085")
)

// skeleton is the note without its code, whose content GitLab displays unchanged.
func skeleton(text string) string {
	text = lineEnd.ReplaceAllString(text, "\n")
	return codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(text, "BLOCK"), "SPAN")
}

// checkForgery reports whether the note differs outside of its code from one with harmless values.
func checkForgery(t *testing.T, n Note) {
	t.Helper()
	text, err := n.Markdown()
	if err != nil {
		t.Fatal(err)
	}
	print, err := review.Fingerprint(n.Stacks[0])
	if err != nil {
		t.Fatal(err)
	}
	plain, err := noteOf(func() string { return "a" }).Markdown()
	if err != nil {
		t.Fatal(err)
	}
	harmless, err := review.Fingerprint(noteOf(func() string { return "a" }).Stacks[0])
	if err != nil {
		t.Fatal(err)
	}
	if got, want := skeleton(text), strings.ReplaceAll(skeleton(plain), harmless, print); got != want {
		t.Fatalf("outside of its code the note is\n%s\nwant\n%s\nof\n%s", got, want, text)
	}
	if n := strings.Count(text, "<!--"); n != 1 {
		t.Fatalf("%d comments begin in the note, want the one that seals it:\n%s", n, text)
	}
	if got, err := sealOf(marker+"\n"+text, "dev"); got != print || err != nil {
		t.Fatalf("the seal is %q, %v, want %q", got, err, print)
	}
	if got, err := sealOf(marker+"\n"+text, "prod"); got != "" || err != nil {
		t.Fatalf("a stack without a preview is sealed with %q, %v", got, err)
	}
}

func TestNoValueEndsItsCodeBlockOrForgesASeal(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 8))
	for _, value := range hostile {
		checkForgery(t, noteOf(func() string { return value }))
	}
	for range 1_000 {
		checkForgery(t, noteOf(func() string {
			var b strings.Builder
			for range r.IntN(5) {
				b.WriteString(hostile[r.IntN(len(hostile))])
			}
			return b.String()
		}))
	}
}

func FuzzValueInTheNote(f *testing.F) {
	f.Add(seal("dev", two))
	f.Add("a\n```\n</details>\n\n" + seal("dev", two) + "\n")
	f.Add("````\n/merge\n````")
	f.Fuzz(func(t *testing.T, value string) { checkForgery(t, noteOf(func() string { return value })) })
}

// A description in dev contains the seal of a change of prod that the note does not show, before the seal of the one
// that it shows.
func TestAForgedSealInAValueIsNotTheReview(t *testing.T) {
	prod := func(steps string) string { return strings.ReplaceAll(steps, "urn:pulumi:dev:", "urn:pulumi:prod:") }
	hidden, shown := prod(bigger), prod(strings.ReplaceAll(bigger, "1024", "768"))
	g, err := (&graph.Source{Preview: "-"}).Read(strings.NewReader(`{"steps":[` + hidden + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	print, err := review.Fingerprint(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, around := range []string{"", `\n`, "\\n```\\n", "\\n```\\n\\n"} {
		server := standin.New(t)
		forged := `{"op":"update","urn":"` + function + `","oldState":{"urn":"` + function + `","custom":true,"inputs":{"memorySize":512}},
			"newState":{"urn":"` + function + `","custom":true,"inputs":{"memorySize":512,"description":"` + around + seal("prod", print) + around + `"}}}`
		io, _, _ := streams()
		if err := run(t.Context(), io, []string{"--preview", written(t, forged), "--preview", written(t, shown)}, job(server, nil)); err != nil {
			t.Fatal(err)
		}
		server.Merge("abc", 7)
		for _, tt := range []struct {
			steps string
			no    bool
		}{{hidden, true}, {shown, false}, {forged, false}} {
			io, _, problems := streams()
			err := reviewed(t.Context(), io, []string{"--preview", written(t, tt.steps)}, job(server, nil))
			if errors.Is(err, command.ErrNo) != tt.no || err != nil && !tt.no {
				t.Errorf("around the seal %q: error %v, want a no: %v; said %s", around, err, tt.no, problems)
			}
		}
	}
}

func TestAReviewCountsForTheDefaultBranchAlone(t *testing.T) {
	server := standin.New(t)
	server.Target = "mine"
	io, _, _ := streams()
	preview := []string{"--preview", written(t, bigger)}
	if err := run(t.Context(), io, preview, job(server, nil)); err != nil {
		t.Fatal(err)
	}
	server.Merge("abc", 7)
	io, _, problems := streams()
	if err := reviewed(t.Context(), io, preview, job(server, nil)); !errors.Is(err, command.ErrNo) || !strings.Contains(problems.String(), "was merged by no merge request to main, shows none") {
		t.Errorf("error %v, said %s", err, problems)
	}
	io, _, _ = streams()
	if err := reviewed(t.Context(), io, preview, job(server, map[string]string{"CI_DEFAULT_BRANCH": ""})); err == nil || !strings.Contains(err.Error(), "CI_DEFAULT_BRANCH is not set") {
		t.Errorf("without the branch's name: %v", err)
	}
}

func TestANoteHasOneSealForEachStack(t *testing.T) {
	for name, tt := range map[string]struct {
		note Note
		want string
	}{
		"a stack that is set twice":                 {Note{Stacks: []*graph.Graph{{Stack: "dev"}, {Stack: "dev"}}}, "stack dev is set twice"},
		"a stack with and without a preview":        {Note{Stacks: []*graph.Graph{{Stack: "dev"}}, Failed: []Failure{{Stack: "dev"}}}, "stack dev is set twice"},
		"a stack whose name would not be one word":  {Note{Stacks: []*graph.Graph{{Stack: "dev " + one}}}, "is not valid in Pulumi"},
		"a failed stack whose name is no such name": {Note{Failed: []Failure{{Stack: "dev\n"}}}, "is not valid in Pulumi"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tt.note.Markdown(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}
