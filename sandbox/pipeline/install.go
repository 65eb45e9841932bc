package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// dir is the directory of the pipeline's runs.
func dir(l layout.Layout) string { return filepath.Join(l.Root, "pipeline") }

// ProjectDir is the repository in which the pipelines run. The variables of its
// jobs, tokens among them, stay there.
func ProjectDir(l layout.Layout) string { return filepath.Join(dir(l), "project") }

// tmp is where the jobs' temporary files are.
func tmp(l layout.Layout) string { return filepath.Join(dir(l), "tmp") }

// runner is gitlab-ci-local's own program.
func runner(l layout.Layout) string {
	return filepath.Join(dir(l), "runner", "node_modules", "gitlab-ci-local", "src", "index.js")
}

// Tools returns the step that installs gitlab-ci-local.
func Tools(l layout.Layout) build.Step {
	step := build.NPM(l, "gitlab-ci-local", "GitLab's runner", filepath.Join(l.Repo, "sandbox", "pipeline"), filepath.Join(dir(l), "runner"))
	step.Outputs = []string{runner(l)}
	install := step.Make
	step.Make = func(ctx context.Context, log *build.Log) error {
		if err := install(ctx, log); err != nil {
			return err
		}
		return linkRsync(l)
	}
	return step
}

// bin is a directory for PATH with the programs that gitlab-ci-local calls.
func bin(l layout.Layout) string { return filepath.Join(dir(l), "bin") }

// linkRsync puts the sandbox's program there under the name rsync.
func linkRsync(l layout.Layout) error {
	if err := os.MkdirAll(bin(l), 0o755); err != nil {
		return err
	}
	link := filepath.Join(bin(l), "rsync")
	if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(filepath.Join(l.Bin(), "sandbox"), link)
}
