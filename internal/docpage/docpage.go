// Package docpage compares the generated part of a documentation page with the program that it describes.
package docpage

import (
	"os"
	"strings"
	"testing"
)

// mark separates the text of a page, above it, from what is generated.
const mark = "<!-- Generated: make docs writes everything below this line. -->\n"

// Check fails the test when the page does not end in text. With UPDATE_DOCS set it rewrites the page.
func Check(t *testing.T, path, text string) {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, generated, found := strings.Cut(string(page), mark)
	if !found {
		t.Fatalf("%s lacks the line %q", path, mark)
	}
	text = "\n" + strings.TrimSpace(text) + "\n"
	if generated == text {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatalf("%s differs from the program: run make docs", path)
	}
	if err := os.WriteFile(path, []byte(head+mark+text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Row returns a row of a Markdown table.
func Row(cells ...string) string {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(strings.Join(strings.Fields(cell), " "), "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// Head returns the first two rows of a Markdown table.
func Head(columns ...string) string {
	return Row(columns...) + strings.Repeat("| --- ", len(columns)) + "|\n"
}
