package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// codeBlock is a block of Go on a page, under a line that begins with the path of its file.
var codeBlock = regexp.MustCompile("(?m)^`([a-z/]+\\.go)`[^\n]*\n\n```go\n((?s:.*?))^```$")

// The page's code is that of a real worker; it is built with the program, and the component's tests run with it.
func TestTheWorkerOfTheHowToPageBuildsAndPassesTheComponentsTests(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("docs", "how-to", "add-a-queue-with-a-worker.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, block := range codeBlock.FindAllStringSubmatch(string(page), -1) {
		files[block[1]] = block[2]
	}
	if len(files) != 6 {
		t.Fatalf("the page has code for %d files, want four of the worker's own and two edits", len(files))
	}
	for path, line := range map[string]string{"api/function/declaration.go": "var declarations = ", "lambda/operations/main.go": "\tcontract.HandlerDrill: "} {
		files[path] = edited(t, path, line, files[path])
	}
	overlay := map[string]string{}
	for path, content := range files {
		absolute, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		overlay[absolute] = filepath.Join(t.TempDir(), filepath.Base(path))
		if err := os.WriteFile(overlay[absolute], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(arguments ...string) string {
		t.Helper()
		output, err := exec.Command("go", arguments...).CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, output)
		}
		return string(output)
	}
	run("build", "-overlay", list, "./lambda/jobs", "./lambda/operations")
	output := run("test", "-overlay", list, "-vet=off", "-count=1", "-v", "-run", "^(TestEveryWorkerMayReceiveItsMessages|TestTheComponentCreatesWhatItsSettingsEnable)$", "./api")
	if got := strings.Count(output, "\n--- PASS"); got != 2 {
		t.Errorf("%d tests of the component ran with the worker, want 2:\n%s", got, output)
	}
}

// edited is the file with the page's line: in place of the one that has its beginning, or after the last entry of the map.
func edited(t *testing.T, path, beginning, line string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(content), "\n")
	for i := range lines {
		if strings.HasPrefix(lines[i], beginning) {
			if strings.HasPrefix(line, beginning) {
				// Who copies the line loses no function.
				if want := strings.Replace(lines[i], "}", ", jobs}", 1); line != want {
					t.Errorf("%s: the page has %q, want %q", path, line, want)
				}
				lines[i] = line
			} else {
				lines[i] += line
			}
			return strings.Join(lines, "")
		}
	}
	t.Fatalf("%s has no line that begins with %q: correct step 3 of docs/how-to/add-a-queue-with-a-worker.md", path, beginning)
	return ""
}
