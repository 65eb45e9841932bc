package dev

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// tail reads the lines that are added to a file.
type tail struct {
	path string
	at   int64
}

// tailFrom returns a tail that starts at the file's end, or at the beginning of a file that does not exist yet.
func tailFrom(path string) *tail {
	t := &tail{path: path}
	if info, err := os.Stat(path); err == nil {
		t.at = info.Size()
	}
	return t
}

// lines returns the complete lines that were added since the last call. A file that is shorter than before was
// recreated.
func (t *tail) lines() ([]string, error) {
	file, err := os.Open(t.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.Size() < t.at {
		t.at = 0
	}
	text, err := io.ReadAll(io.NewSectionReader(file, t.at, 1<<62))
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	t.at += int64(len(text))
	var lines []string
	for line := range bytes.Lines(text) {
		lines = append(lines, string(bytes.TrimRight(line, "\n")))
	}
	return lines, nil
}
