package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// logs prints the functions' and the sandbox's logs, each line with its source.
func logs(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("logs")
	follow := flags.Bool("follow", false, "print new lines as they are written")
	flags.BoolVar(follow, "f", false, "short for --follow")
	all := flags.Bool("all", false, "include the servers' and Pulumi's logs")
	lines := flags.Int("lines", 20, "number of last lines of each log")
	if err := parse(flags, args); err != nil {
		return err
	}
	reader := logReader{out: os.Stdout, at: map[string]int64{}}
	if len(logFiles(l, *all)) == 0 {
		_, _ = fmt.Fprintln(os.Stderr, "no logs: the sandbox is not running; make up starts it")
	}
	for {
		for _, path := range logFiles(l, *all) {
			if err := reader.read(path, *lines); err != nil {
				return err
			}
		}
		if !*follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// logFiles lists the current log files.
func logFiles(l layout.Layout, all bool) []string {
	patterns := []string{
		filepath.Join(l.Data(), "functions", "logs", "*"), l.Log("access"), l.Log("daemon"),
	}
	if all {
		patterns = append(patterns, filepath.Join(l.Run(), "*.log"))
	}
	seen := map[string]bool{}
	var files []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue // only a malformed pattern fails
		}
		for _, file := range found {
			if !seen[file] {
				seen[file] = true
				files = append(files, file)
			}
		}
	}
	return files
}

// logReader prints logs from where it last stopped.
type logReader struct {
	out io.Writer
	at  map[string]int64
}

// read prints the new lines of a log, or the last lines of a log that it has not read before.
func (r logReader) read(path string, last int) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read a log: %w", err)
	}
	defer func() { _ = file.Close() }()
	at, seen := r.at[path]
	if info, err := file.Stat(); err == nil && info.Size() < at {
		at = 0 // recreated
	}
	if _, err := file.Seek(at, io.SeekStart); err != nil {
		return fmt.Errorf("read a log: %w", err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("read a log: %w", err)
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	r.at[path] = at + int64(len(whole))
	lines := strings.SplitAfter(string(whole), "\n")
	lines = lines[:len(lines)-1]
	if !seen {
		lines = lines[max(0, len(lines)-last):]
	}
	name := strings.TrimSuffix(filepath.Base(path), ".log")
	for _, line := range lines {
		_, _ = fmt.Fprintf(r.out, "%s | %s", name, line)
	}
	return nil
}
