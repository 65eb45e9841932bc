// Package docpage compares the generated part of a documentation page with the program that it describes.
package docpage

import (
	"errors"
	"io/fs"
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
	head, _, found := strings.Cut(string(page), mark)
	if !found {
		t.Fatalf("%s lacks the line %q", path, mark)
	}
	CheckFile(t, path, head+mark+"\n"+strings.TrimSpace(text)+"\n")
}

// CheckFile fails the test when the file, generated as a whole, is not text. With UPDATE_DOCS set it writes the file.
func CheckFile(t *testing.T, path, text string) {
	t.Helper()
	written, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err == nil && string(written) == text {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatalf("%s differs from the program: run make docs", path)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
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
