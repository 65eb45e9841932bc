package adopt

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// repository is a work tree of git.
type repository struct{ dir string }

// git runs git in the work tree and returns what it prints.
func (r repository) git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", r.dir}, args...)...).Output()
	if err == nil {
		return string(out), nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return "", fmt.Errorf("git %s: %w", args[0], err)
}

// checkClean is an error where something is not committed: the rename could neither be told from it nor undone.
func (r repository) checkClean(ctx context.Context) error {
	status, err := r.git(ctx, "status", "--porcelain")
	if err == nil && status != "" {
		err = fmt.Errorf("the working tree has changes that are not committed; commit or stash them first:\n%s", strings.TrimRight(status, "\n"))
	}
	return err
}

// files are the tracked files.
func (r repository) files(ctx context.Context) ([]string, error) {
	out, err := r.git(ctx, "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(out, func(c rune) bool { return c == 0 }), nil
}

func (r repository) commit(ctx context.Context, message string) error {
	if _, err := r.git(ctx, "add", "--update"); err != nil {
		return err
	}
	_, err := r.git(ctx, "commit", "--quiet", "--message", message)
	return err
}

// mentions are the tracked files that name the project in any letter case.
func (r repository) mentions(ctx context.Context, of Identity) ([]string, error) {
	out, err := r.git(ctx, "grep", "--files-with-matches", "--ignore-case", "--fixed-strings", "-e", of.Project)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return nil, nil // git grep has found none
	}
	return strings.Fields(out), err
}
