package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/progress"
)

// Log receives what a step's programs print and follows the compiler in it.
type Log struct {
	file io.Writer
	task *progress.Task
	job  *progress.Job

	mu      sync.Mutex
	waiting map[string]int64 // the packages that are not compiled yet, with their weights
	all     int64
	done    int64
	count   int
	line    []byte // the incomplete last line
}

// The compiler's time on two cores, measured on builds of the Pulumi CLI and the AWS provider with empty caches: it is
// proportional to the size of a package's source plus a constant.
const (
	compileTime   = 2 * time.Second // for each 1,000,000 bytes
	packageWeight = 20_000          // bytes
	linkWeight    = 2_000_000       // bytes
)

// expect tells the log which packages will be compiled: go build -v prints the name of each when it begins with it.
func (l *Log) expect(packages map[string]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting, l.all, l.done, l.count = packages, linkWeight, 0, len(packages)
	for _, weight := range packages {
		l.all += weight
	}
	l.job.Resize(time.Duration(float64(l.all) / 1e6 * float64(compileTime)))
}

// Write passes on everything but the names of expected packages.
func (l *Log) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line, text...)
	for {
		line, rest, complete := bytes.Cut(l.line, []byte("\n"))
		if !complete {
			return len(text), nil
		}
		if !l.compiles(string(line)) {
			if _, err := l.file.Write(l.line[:len(line)+1]); err != nil {
				return 0, fmt.Errorf("write the build's log: %w", err)
			}
		}
		l.line = bytes.Clone(rest)
	}
}

// compiles reports whether a line is the name of an expected package, and counts it.
func (l *Log) compiles(line string) bool {
	weight, expected := l.waiting[line]
	if !expected {
		return false
	}
	delete(l.waiting, line)
	l.done += weight
	l.job.SetDone(float64(l.done) / float64(l.all))
	l.task.SetDetail("%d of %d packages", l.count-len(l.waiting), l.count)
	return true
}

// Close writes an incomplete last line.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.file.Write(l.line)
	l.line = nil
	return err
}

// stalePackages returns the packages that a Go build in dir has to compile, by import path, with their weights.
func stalePackages(ctx context.Context, j job, pkg string, flags ...string) (map[string]int64, error) {
	args := append([]string{"list", "-deps", "-json=ImportPath,Dir,GoFiles,Stale"}, flags...)
	out, err := j.output(ctx, "go", append(args, pkg)...)
	if err != nil {
		return nil, err
	}
	stale := map[string]int64{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir string
			GoFiles         []string
			Stale           bool
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return stale, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the packages of %s: %w", pkg, err)
		}
		if p.Stale {
			stale[p.ImportPath] = weigh(p.Dir, p.GoFiles)
		}
	}
}

// weigh returns the size of a package's files; one that cannot be read is the compiler's to report.
func weigh(dir string, files []string) int64 {
	weight := int64(packageWeight)
	for _, file := range files {
		if info, err := os.Stat(filepath.Join(dir, file)); err == nil {
			weight += info.Size()
		}
	}
	return weight
}
