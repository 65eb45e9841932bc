package pipeline

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func parse(t *testing.T, text string) jobFile {
	t.Helper()
	var jobs map[string]any
	if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
		t.Fatal(err)
	}
	return jobs
}

func TestOnlyJobsWithIDTokensGetATokenOfGitLab(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"a job with id_tokens gets it":     {"deploy: {id_tokens: {AWS_TOKEN: {aud: a}}, script: [x]}", "deploy: {variables: {AWS_TOKEN: signed}}"},
		"a template with id_tokens has it": {".aws: {id_tokens: {AWS_TOKEN: {aud: a}}}\ndeploy: {extends: .aws}", ".aws: {variables: {AWS_TOKEN: signed}}"},
		"a job without id_tokens has none": {"lint: {script: [x], variables: {STACK: dev}}", "{}"},
		"all jobs have that of default":    {"default: {id_tokens: {AWS_TOKEN: {aud: a}}}", "variables: {AWS_TOKEN: signed}"},
		"each of several has its variable": {"deploy: {id_tokens: {ONE: {aud: a}, TWO: {aud: b}}}", "deploy: {variables: {ONE: signed, TWO: signed}}"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := yaml.Marshal(parse(t, c.file).withTokens("signed"))
			if err != nil {
				t.Fatal(err)
			}
			want, err := yaml.Marshal(parse(t, c.want))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("added\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// ancestors returns the job and what it extends, itself first.
func (jobs jobFile) ancestors(t *testing.T, name string) []map[string]any {
	t.Helper()
	job, ok := jobs[name].(map[string]any)
	if !ok {
		t.Fatalf("there is no job %s", name)
	}
	all := []map[string]any{job}
	switch extended := job["extends"].(type) {
	case string:
		all = append(all, jobs.ancestors(t, extended)...)
	case []any:
		for _, one := range extended {
			all = append(all, jobs.ancestors(t, one.(string))...)
		}
	}
	return all
}

func TestTheJobSandboxRunsWithoutCredentials(t *testing.T) {
	jobs, err := readJobs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	all := append(jobs.ancestors(t, "sandbox"), jobs["default"].(map[string]any))
	for _, keyword := range []string{"id_tokens", "secrets", "environment", "resource_group", "before_script"} {
		t.Run("it has no "+keyword, func(t *testing.T) {
			for _, job := range all {
				if value, ok := job[keyword]; ok {
					t.Errorf("%s: %v", keyword, value)
				}
			}
		})
	}
	t.Run("it exists only in merge requests, and only with SANDBOX_CHECK", func(t *testing.T) {
		rules, err := yaml.Marshal(all[0]["rules"])
		if err != nil {
			t.Fatal(err)
		}
		const want = "- if: $CI_PIPELINE_SOURCE == \"merge_request_event\" && $SANDBOX_CHECK\n"
		if string(rules) != want {
			t.Errorf("rules\n%swant\n%s", rules, want)
		}
	})
	t.Run("its caches contain tools and Go's caches, and each key is that of two files", func(t *testing.T) {
		var paths []string
		for _, entry := range all[0]["cache"].([]any) {
			cache := entry.(map[string]any)
			for _, path := range cache["paths"].([]any) {
				paths = append(paths, filepath.Clean(path.(string)))
			}
			files := cache["key"].(map[string]any)["files"].([]any)
			if len(files) != 2 {
				t.Errorf("the key is that of %v; GitLab takes two files", files)
			}
			for _, file := range files {
				if _, err := os.Stat(filepath.Join("..", "..", file.(string))); err != nil {
					t.Errorf("GitLab ignores a file that does not exist: %v", err)
				}
			}
		}
		if !slices.Equal(paths, cached) {
			t.Errorf("cached are %v, want %v", paths, cached)
		}
	})
}

func TestACacheContainsOnlyTools(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		ok   bool
	}{
		"a tool":                     {".sandbox/bin/pulumi", true},
		"a module":                   {".cache/go-mod/cache/download/x", true},
		"the outputs of a stack":     {".sandbox/outputs.json", false},
		"the account's data":         {".sandbox/data/x", false},
		"the CLI's home":             {".cache/pulumi/credentials.json", false},
		"a file of the working copy": {"preview-dev.json", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, c.file)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, c.file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := unexpected(dir); (err == nil) != c.ok {
				t.Errorf("%v, want accepted: %t", err, c.ok)
			}
		})
	}
}

func TestTheJobSandboxStopsBeforeItBuilds(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		want []string
	}{
		"all credentials are named": {
			[]string{"SANDBOX_CHECK=dev", "AWS_TOKEN=signed", "AWS_SECRET_ACCESS_KEY=key"},
			[]string{"AWS_TOKEN", "AWS_SECRET_ACCESS_KEY", "id_tokens"},
		},
		"no stack":         {nil, []string{"SANDBOX_CHECK is empty", "dev prod"}},
		"an unknown stack": {[]string{"SANDBOX_CHECK=dev true"}, []string{`SANDBOX_CHECK is "dev true"`, "Pulumi.true.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			said, called := runSandboxScript(t, c.env)
			if called {
				t.Error("it builds")
			}
			for _, word := range c.want {
				if !strings.Contains(said, word) {
					t.Errorf("it prints %q, want %q in it", said, word)
				}
			}
			if strings.Contains(said, "signed") {
				t.Errorf("it prints the token: %q", said)
			}
		})
	}
	t.Run("with stacks and without credentials it builds", func(t *testing.T) {
		if said, called := runSandboxScript(t, []string{"SANDBOX_CHECK=dev prod"}); !called {
			t.Errorf("it does not build: %q", said)
		}
	})
}

// runSandboxScript runs ci/sandbox with a make that only fails, and returns what it prints and whether make was called.
func runSandboxScript(t *testing.T, env []string) (said string, called bool) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "make"), []byte("#!/bin/sh\ntouch \"$0.called\"\nexit 1\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	script := exec.Command(filepath.Join(root, "ci", "sandbox"))
	script.Dir, script.Env = root, append([]string{"PATH=" + bin + ":" + os.Getenv("PATH")}, env...)
	printed, err := script.CombinedOutput()
	if err == nil {
		t.Errorf("the script succeeds: %s", printed)
	}
	_, missing := os.Stat(filepath.Join(bin, "make.called"))
	return string(printed), missing == nil
}
