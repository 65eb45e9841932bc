package progress

import (
	"os"
	"strings"
)

// Tail returns the last lines of a log, indented, for an error message; empty if the log cannot be read.
func Tail(path string, lines int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return "  " + strings.Join(all[max(0, len(all)-lines):], "\n  ")
}
