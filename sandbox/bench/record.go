package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// record is the page with the tables of the last recorded run.
const record = "docs/reference/benchmarks.md"

// readRecord returns the medians of that run by the name of the target.
func readRecord() (map[string]string, error) {
	page, err := os.Open(record)
	if err != nil {
		return nil, fmt.Errorf("run bench in the repository's root: %w", err)
	}
	defer func() { _ = page.Close() }() // the file was only read
	return recorded(page, columnMedian)
}

// recorded returns a column of the table of targets in a page, by the name of the target.
func recorded(page io.Reader, column string) (map[string]string, error) {
	found, at := map[string]string{}, -1
	lines := bufio.NewScanner(page)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		cells := cellsOf(lines.Text())
		switch {
		case len(cells) == 0:
			at = -1
		case cells[0] == columnWork:
			at = slices.Index(cells, column)
		case at >= 0 && at < len(cells):
			found[cells[0]] = cells[at]
		}
	}
	delete(found, "---")
	return found, lines.Err()
}

// cellsOf returns the cells of a row of a Markdown table, and none for any other line.
func cellsOf(line string) (cells []string) {
	row, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
	if !ok {
		return nil
	}
	for cell := range strings.SplitSeq(strings.TrimSuffix(row, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}
