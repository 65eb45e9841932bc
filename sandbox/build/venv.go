package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// venv makes the Python environment of ministack and of the servers.
func venv(l layout.Layout) Step {
	return pythonStep(l, "venv", "ministack, PostgreSQL and Redis", "requirements.txt", l.Venv())
}

// AWSCLI is the step that makes the AWS CLI's own Python environment.
func AWSCLI(l layout.Layout) Step {
	return pythonStep(l, "awscli", "AWS CLI", "awscli.txt", l.AWSVenv())
}

// pythonStep makes a Python environment of pinned, hash-checked wheels. An
// environment cannot be moved, so it is made in place: the stamp, written
// last, is what makes it count.
func pythonStep(l layout.Layout, name, title, requirements, dir string) Step {
	pins := filepath.Join(l.Repo, "sandbox", "ministack", requirements)
	return Step{
		Name: name, Title: title, Cold: 30 * time.Second,
		Outputs: []string{filepath.Join(dir, "bin", "python")},
		Key: func(ctx context.Context) (string, error) {
			python, err := findPython(ctx)
			if err != nil {
				return "", err
			}
			return sources([]string{python.path, python.version, dir}, pins)
		},
		Make: func(ctx context.Context, log io.Writer) error {
			python, err := findPython(ctx)
			if err != nil {
				return err
			}
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("clear the Python environment: %w", err)
			}
			if err := command(ctx, log, l.Repo, nil, python.path, "-m", "venv", dir); err != nil {
				return err
			}
			return command(ctx, log, l.Repo, []string{"PIP_DISABLE_PIP_VERSION_CHECK=1"},
				filepath.Join(dir, "bin", "python"), "-m", "pip", "install",
				"--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-input", "-r", pins)
		},
	}
}
