package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// update renames a version of the original as the working tree is named, and commits that on Branch. The commit
// has the branch and the version as its parents, so that a merge of the branch brings what has changed between
// two versions, without the names.
func update(ctx context.Context, out io.Writer, tree repository, version string) error {
	to, err := read(tree.dir)
	if err != nil {
		return err
	}
	before, err := tree.revision(ctx, "refs/heads/"+Branch)
	if err != nil {
		return fmt.Errorf("there is no branch %s, which adopt creates; if it was not pushed, create it at the commit that renamed the project: %w", Branch, err)
	}
	original, err := tree.revision(ctx, version+"^{commit}")
	if err != nil {
		return fmt.Errorf("there is no version %s: fetch the original first: %w", version, err)
	}
	renamed, err := tree.renamed(ctx, original, to)
	if err != nil {
		return err
	}
	commit, err := tree.git(ctx, "commit-tree", renamed, "-p", before, "-p", original, "-m", fmt.Sprintf("Rename version %s to %s", version, to.Project))
	if err != nil {
		return err
	}
	if _, err := tree.git(ctx, "update-ref", "refs/heads/"+Branch, strings.TrimSpace(commit), before); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s is on the branch %s as %s. Next: git merge %s, make test, and read what CHANGELOG.md has under \"To update a deployed stack\".\n",
		version, Branch, to.Project, Branch)
	return nil
}

func (r repository) revision(ctx context.Context, name string) (string, error) {
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", name)
	return strings.TrimSpace(out), err
}

// renamed writes a tree with the files of a commit, renamed, and returns its id.
func (r repository) renamed(ctx context.Context, commit string, to Identity) (id string, err error) {
	temporary, err := os.MkdirTemp("", "adopt-")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(temporary, "tree")
	defer func() {
		_, removed := r.git(context.WithoutCancel(ctx), "worktree", "remove", "--force", dir)
		err = errors.Join(err, removed, os.RemoveAll(temporary))
	}()
	if _, err := r.git(ctx, "worktree", "add", "--quiet", "--detach", dir, commit); err != nil {
		return "", err
	}
	copied := repository{dir}
	from, err := read(dir)
	if err != nil {
		return "", err
	}
	if _, err := copied.rename(ctx, from, to); err != nil {
		return "", err
	}
	if _, err := copied.git(ctx, "add", "--update"); err != nil {
		return "", err
	}
	id, err = copied.git(ctx, "write-tree")
	return strings.TrimSpace(id), err
}
