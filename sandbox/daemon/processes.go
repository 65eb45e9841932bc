package daemon

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// functionParts finds the functions' processes: those whose executable is in the functions' directory.
func functionParts(l layout.Layout) []Part {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil
	}
	var parts []Part
	for _, link := range links {
		program, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(program, functionsDir(l)+string(filepath.Separator)) {
			continue
		}
		dir := filepath.Dir(link)
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		env, _ := os.ReadFile(filepath.Join(dir, "environ")) // the process may have ended
		parts = append(parts, Part{Kind: "function", Name: functionName(string(env)), PID: pid, Health: healthy, Since: modified(dir)})
	}
	return parts
}

// functionName extracts a function's name and version from its environment.
func functionName(env string) string {
	var name, version string
	for _, entry := range strings.Split(env, "\x00") {
		if value, ok := strings.CutPrefix(entry, "AWS_LAMBDA_FUNCTION_NAME="); ok {
			name = value
		}
		if value, ok := strings.CutPrefix(entry, "AWS_LAMBDA_FUNCTION_VERSION="); ok {
			version = value
		}
	}
	return strings.Trim(name+":"+version, ":")
}

// modified returns the modification time of a process's directory in /proc, which is about the start of the process.
func modified(dir string) time.Time {
	info, err := os.Stat(dir)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
