package pipeline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Rsync is the part of rsync(1) that gitlab-ci-local uses: it copies trees on this machine, with excludes, and skips files
// with equal size and time. The sandbox's program runs it under the name rsync, so that rsync need not be installed. It
// ignores --delete: gitlab-ci-local copies the project again before after_script, where GitLab keeps the job's files.
// Runner removes the files of the previous pipeline.
func Rsync(args []string) error {
	c, err := parseCopy(args)
	if err != nil {
		return err
	}
	target := c.paths[len(c.paths)-1]
	// gitlab-ci-local also makes a copy for containers. Jobs are shells here.
	if filepath.Base(target) == ".docker" {
		return nil
	}
	var all error
	for _, source := range c.paths[:len(c.paths)-1] {
		all = errors.Join(all, c.copy(source, target))
	}
	return all
}

// treeCopy is one call's request.
type treeCopy struct {
	relative bool // -R: the source's path is kept below the target
	excludes []string
	paths    []string // sources and then the target
}

func parseCopy(args []string) (treeCopy, error) {
	var c treeCopy
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "-a", arg == "--delete-excluded", arg == "--delete":
		case arg == "-Ra":
			c.relative = true
		case arg == "--exclude" && i+1 < len(args):
			i++
			c.excludes = append(c.excludes, args[i])
		case strings.HasPrefix(arg, "--exclude="):
			c.excludes = append(c.excludes, strings.TrimPrefix(arg, "--exclude="))
		case strings.HasPrefix(arg, "--exclude-from="):
			lines, err := readLines(strings.TrimPrefix(arg, "--exclude-from="))
			if err != nil {
				return c, err
			}
			c.excludes = append(c.excludes, lines...)
		case strings.HasPrefix(arg, "-"):
			return c, fmt.Errorf("rsync's %s is not known here: install rsync", arg)
		default:
			c.paths = append(c.paths, arg)
		}
	}
	if len(c.paths) == 0 {
		return c, errors.New("rsync: nothing to copy and nowhere to")
	}
	return c, nil
}

func readLines(name string) ([]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var lines []string
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	return lines, scanner.Err()
}

// copy copies a file, or the content of a directory, into the target.
func (c treeCopy) copy(source, target string) error {
	if c.relative {
		target = filepath.Join(target, source)
	}
	return filepath.WalkDir(source, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(source, name)
		if err != nil {
			return err
		}
		seen := below
		if c.relative {
			seen = filepath.Clean(name)
		}
		if below != "." && c.excluded(filepath.ToSlash(seen)) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		return copyEntry(name, filepath.Join(target, below), entry)
	})
}

// excluded reports whether a pattern matches the path: from the root of the copy if it starts with a slash, else
// anywhere.
func (c treeCopy) excluded(name string) bool {
	for _, pattern := range c.excludes {
		anchored := strings.HasPrefix(pattern, "/")
		pattern = strings.TrimSuffix(strings.TrimSuffix(strings.Trim(pattern, "/"), "**"), "/")
		if match, err := path.Match(pattern, name); err == nil && match {
			return true
		}
		if !anchored && (strings.HasSuffix(name, "/"+pattern) || path.Base(name) == pattern) {
			return true
		}
	}
	return false
}

func copyEntry(from, to string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	switch {
	case entry.IsDir():
		return os.MkdirAll(to, info.Mode().Perm()|0o700)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return os.Symlink(target, to)
	case !info.Mode().IsRegular():
		return nil
	}
	return copyFile(from, to, info)
}

func copyFile(from, to string, info fs.FileInfo) error {
	if same(to, info) {
		return os.Chmod(to, info.Mode().Perm())
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	// git's own files may not be written to, only replaced.
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	return errors.Join(out.Close(), os.Chmod(to, info.Mode().Perm()), os.Chtimes(to, info.ModTime(), info.ModTime()))
}

// same reports whether a copy has the size and time of its source, as rsync does.
func same(to string, info fs.FileInfo) bool {
	there, err := os.Lstat(to)
	return err == nil && there.Mode().IsRegular() && there.Size() == info.Size() && there.ModTime().Equal(info.ModTime())
}
