package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz|check)[A-Z]\\w*)`")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|check)[A-Z]\w*)\(`)
)

// sources are the files of the repository with these endings, without built and recorded ones.
func sources(t *testing.T, suffix string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path != "." && strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case !entry.Type().IsRegular() || !strings.HasSuffix(path, suffix):
			return nil
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var pageInDocs = regexp.MustCompile(`\bdocs/[a-z]+/[a-z-]+\.md\b`)

// Messages, comments and reasons of the audits name pages too.
func TestEveryPageThatAFileNamesExists(t *testing.T) {
	for path, text := range sources(t, "") {
		for _, name := range pageInDocs.FindAllString(text, -1) {
			if _, err := os.Stat(filepath.FromSlash(name)); err != nil && path != "CHANGELOG.md" {
				t.Errorf("%s names %s, which does not exist", path, name)
			}
		}
	}
}

var fileInDocs = regexp.MustCompile("`((?:[\\w-]+/)+[a-z0-9_.-]+\\.(?:go|json|pem|py|sql|txt|ya?ml))`")

// A file is named from the root, from sandbox, from the gateway or from the page's own directory.
func TestEveryFileThatADocumentNamesExists(t *testing.T) {
	examples := []string{
		"data/queue.go", "data/queue_test.go", // of docs/how-to/add-a-resource.md
		"api/function/jobs.go", "api/function/jobs_test.go", "lambda/contract/jobs.go", "lambda/jobs/jobs.go", "lambda/jobs/jobs_test.go",
		"lambda/operations/jobs.go", // of docs/how-to/add-a-queue-with-a-worker.md
	}
	for path, text := range sources(t, ".md") {
		for _, match := range fileInDocs.FindAllStringSubmatch(text, -1) {
			name := match[1]
			exists := slices.ContainsFunc([]string{".", "sandbox", "sandbox/gateway", filepath.Dir(path)}, func(directory string) bool {
				_, err := os.Stat(filepath.Join(directory, name))
				return err == nil
			})
			if !exists && !slices.Contains(examples, name) && !strings.HasPrefix(name, "modules/") && path != "CHANGELOG.md" { // modules is Gitea's
				t.Errorf("%s names %s, which does not exist", path, name)
			}
		}
	}
}

// A row that names a renamed or deleted test is a claim without a test.
func TestEveryTestThatADocumentNamesExists(t *testing.T) {
	known := map[string]bool{}
	for _, text := range sources(t, "_test.go") {
		for _, match := range testFunc.FindAllStringSubmatch(text, -1) {
			known[match[1]] = true
		}
	}
	for path, text := range sources(t, ".md") {
		for _, match := range testName.FindAllStringSubmatch(text, -1) {
			if !known[match[1]] {
				t.Errorf("%s names %s, and there is no such test", path, match[1])
			}
		}
	}
}

var (
	// consoleLine and inlineCode are where documents have commands.
	consoleLine = regexp.MustCompile("(?ms)^ *```[a-z]*\\n(.*?)^ *```$")
	inlineCode  = regexp.MustCompile("`([^`\\n]+)`")
	opsCommand  = regexp.MustCompile(`(?:go run \./ops|\bops) ([a-z-]+)((?: [^|&;)#]*)?)`)
	flagName    = regexp.MustCompile(` --([a-z][a-z-]*)`)
	makeTarget  = regexp.MustCompile(`(?:^|[ (])make ([a-z][a-z0-9-]*)`)
	pulumiName  = regexp.MustCompile(`(?:^|[ (])pulumi ((?:stack |config )?[a-z][a-z-]*)`)
)

// commandsIn are the lines of code of a document.
func commandsIn(text string) []string {
	var lines []string
	for _, block := range consoleLine.FindAllStringSubmatch(text, -1) {
		lines = append(lines, strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n")...)
	}
	for _, code := range inlineCode.FindAllStringSubmatch(consoleLine.ReplaceAllString(text, ""), -1) {
		lines = append(lines, code[1])
	}
	return lines
}

// pulumiCommands are those of the Pulumi CLI that documents name: https://www.pulumi.com/docs/iac/cli/commands/
var pulumiCommands = []string{
	"cancel", "cloud", "config set", "config rm", "destroy", "import", "login", "preview", "refresh", "up",
	"stack change-secrets-provider", "stack export", "stack graph", "stack history", "stack import", "stack init", "stack output",
}

// An operator copies commands from a page at night.
func TestEveryCommandThatADocumentNamesExists(t *testing.T) {
	reference := sources(t, ".md")["docs/reference/cli.md"]
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range sources(t, ".md") {
		if path == "CHANGELOG.md" {
			continue
		}
		for _, line := range commandsIn(text) {
			for _, problem := range wrongCommands(line, reference, string(makefile)) {
				t.Errorf("%s: %s: %s", path, line, problem)
			}
		}
	}
}

func wrongCommands(line, reference, makefile string) []string {
	var problems []string
	for _, match := range opsCommand.FindAllStringSubmatch(line, -1) {
		_, section, known := strings.Cut(reference, "\n### "+match[1]+"\n")
		section, _, _ = strings.Cut(section, "\n### ")
		if !known {
			problems = append(problems, "ops has no command "+match[1])
			continue
		}
		for _, flag := range flagName.FindAllStringSubmatch(match[2], -1) {
			if !strings.Contains(section, "\n  -"+flag[1]) {
				problems = append(problems, "ops "+match[1]+" has no flag --"+flag[1])
			}
		}
	}
	for _, match := range makeTarget.FindAllStringSubmatch(line, -1) {
		if !strings.Contains(makefile, "\n"+match[1]+":") {
			problems = append(problems, "the Makefile has no target "+match[1])
		}
	}
	for _, match := range pulumiName.FindAllStringSubmatch(line, -1) {
		if !slices.Contains(pulumiCommands, match[1]) {
			problems = append(problems, "pulumiCommands has no "+match[1])
		}
	}
	return problems
}

func TestEveryRuleOfHTTPNamesItsTest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("docs", "reference", "http-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| --- ") || strings.HasPrefix(line, "| section ") || strings.HasPrefix(line, "| source ") {
			continue
		}
		rows++
		test := strings.TrimSpace(cells[len(cells)-1])
		if len(cells) != 4 || !testName.MatchString(test) && !strings.HasPrefix(test, "the same") {
			t.Errorf("no test: %s", line)
		}
	}
	if rows < 50 {
		t.Errorf("%d rules were found", rows)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	anchors = regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)
)

// headings returns the anchors of a page as GitLab makes them.
func headings(text string) map[string]bool {
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		found[strings.ReplaceAll(anchors.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-")] = true
	}
	return found
}

func TestEveryLinkOfADocumentLeadsToAFileAndAHeading(t *testing.T) {
	pages := sources(t, ".md")
	for path, text := range pages {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(match[1], "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file := path
			if target != "" {
				file = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, match[1])
			} else if anchor != "" && strings.HasSuffix(file, ".md") && !headings(pages[file])[anchor] {
				t.Errorf("%s links to %s, and the page has no such heading", path, match[1])
			}
		}
	}
}

func TestTheIndexLinksToEveryPage(t *testing.T) {
	pages := sources(t, ".md")
	for path := range pages {
		index := filepath.Join("docs", "README.md")
		if filepath.Dir(path) == filepath.Join("docs", "decisions") {
			index = filepath.Join("docs", "decisions", "README.md")
		}
		name, err := filepath.Rel(filepath.Dir(index), path)
		if strings.HasPrefix(path, "docs") && path != index && (err != nil || !strings.Contains(pages[index], "]("+filepath.ToSlash(name)+")")) {
			t.Errorf("%s does not link to %s", index, path)
		}
	}
}

var (
	decisionHead = regexp.MustCompile(`^# (.+)\n\nStatus: (?:accepted|replaced)\. Date: (\d{4}-\d{2}-\d{2})\.\n`)
	section      = regexp.MustCompile(`(?m)^## (.+)\n\n(.?)`)
)

func TestEveryDecisionHasItsSectionsAndIsListed(t *testing.T) {
	pages := sources(t, ".md")
	index := filepath.Join("docs", "decisions", "README.md")
	decisions := 0
	for path, text := range pages {
		if filepath.Dir(path) != filepath.Dir(index) || path == index {
			continue
		}
		decisions++
		t.Run(filepath.Base(path), func(t *testing.T) {
			head := decisionHead.FindStringSubmatch(text)
			if head == nil {
				t.Fatalf("%s does not begin with a title and \"Status: accepted. Date: 2006-01-02.\"", path)
			}
			var titles []string
			for _, match := range section.FindAllStringSubmatch(text, -1) {
				titles = append(titles, match[1])
				if match[2] == "" || match[2] == "#" {
					t.Errorf("%s has no text under %q", path, match[1])
				}
			}
			if want := []string{"Context", "Decision", "Alternatives considered", "Limitations"}; !slices.Equal(titles, want) {
				t.Errorf("%s has the sections %q, want %q", path, titles, want)
			}
			if row := "| [" + head[1] + "](" + filepath.Base(path) + ") | " + head[2] + " |"; !strings.Contains(pages[index], row) {
				t.Errorf("%s has no row that begins %q", index, row)
			}
		})
	}
	if decisions < 20 {
		t.Errorf("%d decisions were found", decisions)
	}
}
