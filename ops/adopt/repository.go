package adopt

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/ops/project"
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

// checkClean returns an error if something is not committed: the rename could then neither be distinguished nor undone.
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
	return splitNull(out), nil
}

// splitNull splits the output of git with -z.
func splitNull(out string) []string {
	return strings.FieldsFunc(out, func(c rune) bool { return c == 0 })
}

func (r repository) commit(ctx context.Context, message string) error {
	if _, err := r.git(ctx, "add", "--update"); err != nil {
		return err
	}
	_, err := r.git(ctx, "commit", "--quiet", "--message", message)
	return err
}

// commonShare is the share of the files with a word, in per cent, from which the word is a common one of this
// project. The names of components, stacks, directories and AWS services are in 5 to 50 %; the words of example
// projects, such as payments and orders, in 1 %.
const commonShare = 4

// commonWord rejects a name that is a common word of the tracked files: a later rename would replace the word too,
// and no search would find the name.
func (r repository) commonWord(ctx context.Context, name string) ([]config.FieldError, error) {
	if present, err := project.Name(r.dir); err != nil || name == present || name == "" {
		return nil, err
	}
	all, err := r.files(ctx)
	if err != nil {
		return nil, err
	}
	found, err := r.grep(ctx, "--word-regexp", "--fixed-strings", "-e", name)
	if err != nil || len(found)*100 < len(all)*commonShare {
		return nil, err
	}
	return []config.FieldError{{
		Key: "--name", Value: config.Quote(name),
		MustBe: fmt.Sprintf("a word that few files contain: %d of %d have this one, and a later rename would replace it in them; such as %q",
			len(found), len(all), "my-"+name),
	}}, nil
}

// mentions are the tracked files that name the project in any letter case.
func (r repository) mentions(ctx context.Context, of Identity) ([]string, error) {
	return r.grep(ctx, "--ignore-case", "--fixed-strings", "-e", of.Project)
}

// grep lists the tracked files that git grep finds.
func (r repository) grep(ctx context.Context, args ...string) ([]string, error) {
	out, err := r.git(ctx, append([]string{"grep", "--files-with-matches", "-z"}, args...)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return nil, nil // git grep has found none
	}
	return splitNull(out), err
}
