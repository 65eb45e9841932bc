package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Project is a repository in which changes are committed and merged as on GitLab.
type Project struct {
	dir string
	// stacks are the stack files for the sandbox's account, by name.
	stacks map[string][]byte
}

// NewProject copies what git knows of the repository, new files included, and commits it to main. gitlab-ci-local reads
// the project's path from its origin; nothing is fetched.
func NewProject(ctx context.Context, repository, dir, origin string, stacks map[string][]byte) (*Project, error) {
	p := &Project{dir, stacks}
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("clear the project: %w", err)
	}
	if err := p.copy(ctx, repository); err != nil {
		return nil, err
	}
	for name, content := range stacks {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return nil, fmt.Errorf("write the stack file: %w", err)
		}
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"remote", "add", "origin", origin},
	} {
		if _, err := p.git(ctx, args...); err != nil {
			return nil, err
		}
	}
	// gitlab-ci-local's own files are not part of the project.
	if err := os.WriteFile(filepath.Join(dir, ".git", "info", "exclude"), []byte("/.gitlab-ci-local*\n"), 0o644); err != nil {
		return nil, fmt.Errorf("set up the project: %w", err)
	}
	if _, err := p.commit(ctx, "The project"); err != nil {
		return nil, err
	}
	// Every job copies the repository, and one file is copied faster than a thousand.
	_, err := p.git(ctx, "repack", "-a", "-d", "--quiet")
	return p, err
}

func (p *Project) copy(ctx context.Context, repository string) error {
	list := exec.CommandContext(ctx, "git", "-C", repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	names, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the repository's files: %w", err)
	}
	for _, name := range strings.Split(strings.TrimRight(string(names), "\x00"), "\x00") {
		from := filepath.Join(repository, name)
		info, err := os.Lstat(from)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted and not yet committed
		}
		if err != nil {
			return fmt.Errorf("copy the repository: %w", err)
		}
		if err := copyEntry(from, filepath.Join(p.dir, name), fs.FileInfoToDirEntry(info)); err != nil {
			return fmt.Errorf("copy the repository: %w", err)
		}
	}
	return nil
}

// Change commits an edit to a new branch.
func (p *Project) Change(ctx context.Context, branch, message string, edit func(dir string) error) (commit string, err error) {
	if _, err := p.git(ctx, "checkout", "--quiet", "-B", branch, "main"); err != nil {
		return "", err
	}
	if err := edit(p.dir); err != nil {
		return "", fmt.Errorf("edit the project: %w", err)
	}
	return p.commit(ctx, message)
}

// Merge merges the branch into main, as a fast-forward.
func (p *Project) Merge(ctx context.Context, branch string) error {
	_, err := p.git(ctx, "checkout", "--quiet", "-B", "main", branch)
	return err
}

// Checkout checks the branch out.
func (p *Project) Checkout(ctx context.Context, branch string) error {
	_, err := p.git(ctx, "checkout", "--quiet", branch)
	return err
}

func (p *Project) commit(ctx context.Context, message string) (string, error) {
	if _, err := p.git(ctx, "add", "--all"); err != nil {
		return "", err
	}
	if _, err := p.git(ctx, "commit", "--quiet", "--message", message); err != nil {
		return "", err
	}
	head, err := p.git(ctx, "rev-parse", "HEAD")
	return strings.TrimSpace(head), err
}

func (p *Project) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{
		"-c", "user.name=sandbox", "-c", "user.email=sandbox@localhost", "-c", "commit.gpgsign=false",
		"-c", "core.hooksPath=/dev/null", "-c", "core.excludesFile=/dev/null",
	}, args...)...)
	var out, problem bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, &out, &problem
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(problem.String()))
	}
	return out.String(), nil
}

// replace returns an edit that replaces a string of one file; it fails if the file lacks the string.
func replace(name, old, new string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, name)
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Contains(content, []byte(old)) {
			return fmt.Errorf("%s no longer contains %q", name, old)
		}
		return os.WriteFile(path, bytes.Replace(content, []byte(old), []byte(new), 1), 0o644)
	}
}
