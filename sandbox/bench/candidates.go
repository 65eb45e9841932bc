package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// candidate is a measured program.
type candidate struct {
	name    string
	command []string
}

// candidates are all measured programs.
type candidates struct {
	ours, unlimited, empty, bare, plain, node candidate

	operations candidate // not measured: creates the schema
}

// warm are those that serve items.
func (c candidates) warm() []candidate { return []candidate{c.ours, c.plain, c.node} }

// started are those whose cold start is measured.
func (c candidates) started() []candidate { return []candidate{c.ours, c.empty, c.plain, c.node} }

// streaming are those that serve files.
func (c candidates) streaming() []candidate { return []candidate{c.unlimited, c.plain, c.node} }

// output is the directory of the programs, relative to the repository root, where bench runs.
const output = ".sandbox/bench"

// buildCandidates builds every program as the deployed function is built.
func buildCandidates(ctx context.Context) (candidates, error) {
	out, err := filepath.Abs(output)
	if err != nil {
		return candidates{}, err
	}
	overlay, err := liftLimit(out)
	if err != nil {
		return candidates{}, err
	}
	node, err := installNode(ctx, out)
	if err != nil {
		return candidates{}, err
	}
	program := func(name string) candidate { return candidate{name, []string{filepath.Join(out, name)}} }
	all := candidates{
		ours: program("ours"), operations: program("operations"), unlimited: program("unlimited"), empty: program("empty"), bare: program("bare"), plain: program("plain"),
		node: candidate{"node", []string{"node", node}},
	}
	return all, errors.Join(
		compile(ctx, ".", "./lambda", filepath.Join(out, "ours")),
		compile(ctx, ".", "./lambda/operations", filepath.Join(out, "operations")),
		compile(ctx, ".", "./lambda", filepath.Join(out, "unlimited"), "-overlay", overlay),
		compile(ctx, "sandbox", "./bench/empty", filepath.Join(out, "empty")),
		compile(ctx, "sandbox", "./bench/bare", filepath.Join(out, "bare")),
		compile(ctx, "sandbox", "./bench/plain", filepath.Join(out, "plain")),
	)
}

// compile builds with the settings of api/function/build.go, for this machine.
func compile(ctx context.Context, dir, source, to string, more ...string) error {
	args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-tags", "lambda.norpc", "-o", to}, more...)
	cmd := exec.CommandContext(ctx, "go", append(args, source)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", source, err, said)
	}
	return rewrite(to)
}

// rewrite writes a program sequentially, as unpacking an archive does. The linker writes to a mapped file, which leaves
// single pages for the kernel to map at the start: about 10 % of the time to the first poll, more for a larger program.
func rewrite(program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	unpacked := program + ".unpacked"
	return errors.Join(os.WriteFile(unpacked, content, 0o755), os.Rename(unpacked, program))
}

// limits is the file with the platform's limits.
const limits = "lambda/files/platform.go"

var limit = regexp.MustCompile(`(?m)^\s*(MaxStream|bytesPerSec)\s*=\s*([0-9_]+)`)

// liftLimit writes a build overlay without the platform's limit on streams. AWS does not stream 1 GiB, so the function
// would respond with a redirect.
func liftLimit(out string) (string, error) {
	source, err := os.ReadFile(limits)
	if err != nil {
		return "", fmt.Errorf("run bench in the repository's root: %w", err)
	}
	if found := limit.FindAll(source, -1); len(found) != 2 {
		return "", fmt.Errorf("%s does not set MaxStream and bytesPerSec", limits)
	}
	original, err := filepath.Abs(limits)
	if err != nil {
		return "", err
	}
	lifted, overlay := filepath.Join(out, "platform.go"), filepath.Join(out, "overlay.json")
	return overlay, errors.Join(
		os.MkdirAll(out, 0o755),
		os.WriteFile(lifted, limit.ReplaceAll(source, []byte("\t$1 = 1 << 40")), 0o600),
		os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace":{%q:%q}}`, original, lifted), 0o600),
	)
}

// installNode copies the Node handler to out, installs its packages at the locked versions and returns its main module.
func installNode(ctx context.Context, out string) (string, error) {
	dir := filepath.Join(out, "node")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{".npmrc", "package.json", "package-lock.json", "index.mjs", "runtime.mjs"} {
		content, err := os.ReadFile(filepath.Join("sandbox/bench/node", name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return "", err
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install the Node handler's packages (Node 20 and npm must be on PATH): %w\n%s", err, strings.TrimSpace(string(said)))
	}
	return filepath.Join(dir, "index.mjs"), nil
}
