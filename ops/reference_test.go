package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/docpage"
	"github.com/didomi/serverless-api/ops/command"
)

var (
	makeGroup  = regexp.MustCompile(`^##@ (.*)$`)
	makeTarget = regexp.MustCompile(`^([a-z0-9-]+):.*## (.*)$`)
)

// makeTargets returns a table of the targets that make help lists, by group.
func makeTargets(t *testing.T) string {
	t.Helper()
	makefile, err := os.ReadFile(filepath.Join("..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	group, table := "Help", docpage.Head("group", "target", "effect")
	for line := range strings.SplitSeq(string(makefile), "\n") {
		if m := makeGroup.FindStringSubmatch(line); m != nil {
			group = m[1]
		} else if m := makeTarget.FindStringSubmatch(line); m != nil {
			table += docpage.Row(group, "`make "+m[1]+"`", m[2])
		}
	}
	return table
}

func TestTheCommandReferenceIsWhatHelpPrints(t *testing.T) {
	t.Setenv("PULUMI_BACKEND_URL", "") // the default of a flag
	var text strings.Builder
	text.WriteString("## Make\n\n" + makeTargets(t) + "\n## Ops\n")
	for _, c := range commands {
		var out bytes.Buffer
		io := command.IO{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out}
		if code := command.Main(t.Context(), commands, io, []string{c.Name, "-h"}); code != command.Done {
			t.Errorf("ops %s -h exits with %d: %s", c.Name, code, &out)
		}
		text.WriteString("\n### " + c.Name + "\n\n" + c.Summary + ".\n\n```text\n" + strings.ReplaceAll(out.String(), "\t", "    ") + "```\n")
	}
	docpage.Check(t, filepath.Join("..", "docs", "reference", "cli.md"), text.String())
}
