package build

import (
	"os"
	"strings"
)

// tail returns the last lines of a log, indented, to show with a failure.
func tail(path string, lines int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	var b strings.Builder
	for _, line := range all {
		b.WriteString("  " + line + "\n")
	}
	return b.String()
}
