package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cached are the directories of the job sandbox that its caches may contain.
var cached = []string{".sandbox/bin", ".sandbox/build", ".sandbox/venv", ".cache/go-build", ".cache/go-mod"}

// sandboxJob runs the optional job of merge requests, which deploys dev in the runner, in a sandbox of its own.
func (s *session) sandboxJob(quick bool) []step {
	if quick {
		return nil
	}
	return []step{{"a merge request's branch is deployed in the runner without credentials, and its caches have only tools", func(ctx context.Context) error {
		if err := s.propose(ctx, "checked", "Check the branch in the sandbox", touch("checked")); err != nil {
			return err
		}
		run := s.request("checked", []string{"sandbox"})
		run.Variables = map[string]string{
			"SANDBOX_CHECK": "dev", "SANDBOX_PORT": fmt.Sprint(s.layout.Port + 100), "SANDBOX_NET": otherNetwork(s.layout.Network),
		}
		// The runner's machine keeps its caches for the tools.
		run.Variables["TOOLS_GOCACHE"], run.Variables["TOOLS_GOMODCACHE"] = s.runner.Variables["GOCACHE"], s.runner.Variables["GOMODCACHE"]
		if err := s.expect(ctx, run, true, "stack dev is up", "--- PASS: TestRequests"); err != nil {
			return err
		}
		return s.onlyTools()
	}}}
}

// otherNetwork returns a loopback network that a sandbox in the given one does not use.
func otherNetwork(network string) string {
	if network == "127.98" {
		return "127.99"
	}
	return "127.98"
}

// onlyTools checks that the caches of the job sandbox contain no file of the account that it emulated.
func (s *session) onlyTools() error {
	caches, err := filepath.Glob(filepath.Join(s.runner.state(), "cache", "*sandbox-*"))
	if err != nil {
		return err
	}
	if len(caches) == 0 {
		return errors.New("the job sandbox has saved no cache")
	}
	var all error
	for _, cache := range caches {
		all = errors.Join(all, unexpected(cache))
	}
	return all
}

// unexpected reports what a cache contains apart from the directories that it may contain.
func unexpected(cache string) error {
	found := map[string]bool{}
	for _, pattern := range []string{"*", "*/*"} {
		paths, err := filepath.Glob(filepath.Join(cache, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			name, err := filepath.Rel(cache, path)
			if err != nil {
				return err
			}
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			isParent := info.IsDir() && slices.ContainsFunc(cached, func(dir string) bool { return strings.HasPrefix(dir, name+"/") })
			found[name] = !isParent && !slices.Contains(cached, name)
		}
	}
	maps.DeleteFunc(found, func(_ string, wrong bool) bool { return !wrong })
	if len(found) > 0 {
		return fmt.Errorf("cache %s contains %v; must contain only %v", filepath.Base(cache), slices.Sorted(maps.Keys(found)), cached)
	}
	return nil
}
