package pipeline

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/didomi/serverless-api/ops/gitlab/standin"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// session is one run of make pipeline.
type session struct {
	layout layout.Layout
	stacks map[string]*deploy.Stack
	gitlab *standin.Server
	runner *Runner
	out    io.Writer
	last   int // merge request
}

// step is a part of the run that the following ones depend on.
type step struct {
	name string
	run  func(context.Context) error
}

// Play runs the pipeline from the first merge request to prod; then with drift, with killed jobs, without OIDC, and with
// mistakes that it must stop. The stacks dev and prod exist in the backend and are empty. quick omits the jobs of the stage
// check, which do not use the account.
func Play(ctx context.Context, l layout.Layout, stacks map[string]*deploy.Stack, quick bool, out io.Writer) error {
	s := &session{layout: l, stacks: stacks, out: out}
	stop, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for _, step := range slices.Concat(s.delivery(quick), s.sandboxJob(quick), s.drift(), s.changes(), s.interruptions(), s.withoutOIDC(), s.mistakes(), s.secrecy()) {
		start := time.Now()
		_, _ = fmt.Fprintf(out, "\n=== %s\n", step.name)
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		_, _ = fmt.Fprintf(out, "=== ok: %s (%s)\n", step.name, time.Since(start).Round(time.Second))
	}
	return nil
}

// open creates the project, GitLab's stand-in and the resources that an administrator creates.
func (s *session) open(ctx context.Context) (stop func(), err error) {
	files := map[string][]byte{}
	for name := range s.stacks {
		if files["Pulumi."+name+".yaml"], err = os.ReadFile(deploy.StackFile(s.layout, name)); err != nil {
			return nil, fmt.Errorf("read the stack's file: %w", err)
		}
	}
	// Files of an earlier run would be reported as leftovers of this one.
	if err := os.RemoveAll(tmp(s.layout)); err != nil {
		return nil, fmt.Errorf("clear the jobs' temporary directory: %w", err)
	}
	project, err := NewProject(ctx, s.layout.Repo, ProjectDir(s.layout), deploy.GitLabURL+"/"+s.stacks["dev"].ProjectPath+".git", files)
	if err != nil {
		return nil, err
	}
	vars, err := s.variables(ctx)
	if err != nil {
		return nil, err
	}
	if s.gitlab, err = standin.Serve(deploy.ProjectID, rand.Text()); err != nil {
		return nil, err
	}
	s.gitlab.AsReporter()
	vars["CI_API_V4_URL"], vars["GITLAB_TOKEN"] = s.gitlab.URL, s.gitlab.Token
	dev := s.stacks["dev"]
	s.runner = &Runner{Layout: s.layout, ProjectPath: dev.ProjectPath, Report: dev.Report, Region: dev.Region, Base: dev.Base, Project: project, Variables: vars, Out: s.out}
	return s.gitlab.Close, nil
}

// variables returns the project's variables, with the roles that the administrator's first update created, and this
// machine's Go caches instead of the runner's.
func (s *session) variables(ctx context.Context) (map[string]string, error) {
	vars := map[string]string{
		"SMOKE_VIA": s.stacks["dev"].Report.API, "ROLLOUT_WATCH": "2s",
		"PREFLIGHT_SKIP": "delegation", // the emulated domain has no parent zone
	}
	created, err := s.administer(ctx)
	if err != nil {
		return nil, err
	}
	for name, roles := range created {
		upper := strings.ToUpper(name)
		vars[upper+"_PREVIEW_ROLE"], vars[upper+"_DEPLOY_ROLE"], vars[upper+"_DRILL_ROLE"] = roles.preview, roles.deploy, roles.drill
	}
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOCACHE", "GOMODCACHE")
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("where Go's caches are: %w", err)
	}
	var caches map[string]string
	if err := json.Unmarshal(text, &caches); err != nil {
		return nil, fmt.Errorf("where Go's caches are: %w", err)
	}
	for name, value := range caches {
		vars[name] = value
	}
	return vars, nil
}

// administer creates the pipeline's roles of all stacks, concurrently: each mostly waits.
func (s *session) administer(ctx context.Context) (map[string]roles, error) {
	var group sync.WaitGroup
	var mu sync.Mutex
	created, all := map[string]roles{}, error(nil)
	for name, stack := range s.stacks {
		_, _ = fmt.Fprintf(s.out, "the administrator creates the pipeline's roles of %s\n", name)
		group.Go(func() {
			found, err := bootstrap(ctx, stack, s.layout.Log("pipeline-roles-"+name))
			mu.Lock()
			defer mu.Unlock()
			created[name], all = found, errors.Join(all, err)
		})
	}
	group.Wait()
	return created, all
}

// delivery takes a change from merge request to prod.
func (s *session) delivery(quick bool) []step {
	var jobs []string
	if quick {
		jobs = []string{"preview:dev", "preview:prod", "review"}
	}
	return []step{
		{"the first merge request is previewed, and the note lists the resources to create", func(ctx context.Context) error {
			if err := s.propose(ctx, "first", "Deploy", touch("first")); err != nil {
				return err
			}
			if err := s.expect(ctx, s.request("first", jobs), true); err != nil {
				return err
			}
			return s.noted(1, "to create", "### dev", "### prod")
		}},
		{"a further review updates the note and adds none", func(ctx context.Context) error {
			if err := s.expect(ctx, s.request("first", []string{"review"}), true); err != nil {
				return err
			}
			if notes := s.gitlab.Notes(s.last); len(notes) != 1 || notes[0].Updates == 0 {
				return fmt.Errorf("%d notes, the first updated %d times", len(notes), notes[0].Updates)
			}
			return nil
		}},
		{"merged, dev is deployed by the deploy role alone, then prod when its job is started", func(ctx context.Context) error {
			return s.merge(ctx, "first", true, quick)
		}},
	}
}

// changes update a deployed stack.
func (s *session) changes() []step {
	return []step{
		{"a change of the function goes to dev", func(ctx context.Context) error {
			if err := s.propose(ctx, "second", "Change the function", touch("lambda")); err != nil {
				return err
			}
			if err := s.expect(ctx, s.request("second", []string{"preview:dev", "preview:prod", "review"}), true); err != nil {
				return err
			}
			return s.merge(ctx, "second", true, true)
		}},
		{"an update that AWS rejects once is repeated by the second run of the job", s.rejected},
	}
}

// rejected makes the update of the function fail. The state's outputs then have the new values, the function the old
// ones, and an update without a refresh would succeed without a call to AWS.
// https://github.com/pulumi/pulumi-aws/issues/6062
func (s *session) rejected(ctx context.Context) error {
	const before, after, tooLarge = "Answers the API's requests", "Answers all requests of the API", "the environment variables you have provided exceeded the 4KB limit"
	if err := s.propose(ctx, "refused", "Describe the function", replace("api/function/serving.go", before, after)); err != nil {
		return err
	}
	if err := s.expect(ctx, s.request("refused", []string{"preview:dev", "preview:prod", "review"}), true); err != nil {
		return err
	}
	if err := s.merged(ctx, "refused"); err != nil {
		return err
	}
	deploy := Run{Source: "push", Branch: "main", Jobs: []string{"deploy:dev"}}
	if err := s.rejectOnce(ctx, tooLarge); err != nil {
		return err
	}
	if err := errors.Join(s.expect(ctx, deploy, false, tooLarge), s.described(ctx, "dev", before)); err != nil {
		return err
	}
	return errors.Join(s.expect(ctx, deploy, true), s.described(ctx, "dev", after))
}

// secrecy comes last, when everything has been written.
func (s *session) secrecy() []step {
	return []step{{"no secret value of the account is in a note, an issue or a log", s.published}}
}

// touch adds a file without effect: one of the function, or a page.
func touch(what string) func(dir string) error {
	return func(dir string) error {
		name, text := filepath.Join(dir, what+".md"), "changed\n"
		if what == "lambda" {
			name, text = filepath.Join(dir, "lambda", "touched.go"), "package main\n\nimport \"os\"\n\nfunc init() {\n\tif len(os.Args) > 9 {\n\t\tprintln(\"touched\")\n\t}\n}\n"
		}
		return os.WriteFile(name, []byte(text), 0o644)
	}
}

// propose creates a branch and its merge request.
func (s *session) propose(ctx context.Context, branch, title string, edit func(string) error) error {
	s.last++
	_, err := s.runner.Project.Change(ctx, branch, title, edit)
	return err
}

// request is the merge request's pipeline.
func (s *session) request(branch string, jobs []string) Run {
	return Run{Source: "merge_request_event", Branch: branch, Request: s.last, Jobs: jobs}
}

// merged merges the branch, also in GitLab's stand-in.
func (s *session) merged(ctx context.Context, branch string) error {
	if err := s.runner.Project.Merge(ctx, branch); err != nil {
		return err
	}
	head, err := s.runner.Project.git(ctx, "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	if s.last > 0 {
		s.gitlab.Merge(strings.TrimSpace(head), s.last)
	}
	return nil
}

// merge merges and runs the default branch's pipeline, to prod or to the job that fails.
func (s *session) merge(ctx context.Context, branch string, ok, quick bool, words ...string) error {
	if err := s.merged(ctx, branch); err != nil {
		return err
	}
	run := Run{Source: "push", Branch: "main", Manual: []string{"deploy:prod"}}
	if quick {
		run.Jobs = []string{"deploy:dev", "deploy:prod", "verify:dev", "verify:prod"}
	}
	return s.expect(ctx, run, ok, words...)
}

// expect runs a pipeline and checks its result and that its output contains these words.
func (s *session) expect(ctx context.Context, run Run, ok bool, words ...string) error {
	result, err := s.runner.Run(ctx, run)
	if err != nil {
		return err
	}
	var all error
	if result.OK != ok {
		all = fmt.Errorf("the pipeline's success is %v, must be %v", result.OK, ok)
	}
	if !ok && strings.Contains(result.Output, "deploy:prod $ pulumi up") {
		all = errors.Join(all, errors.New("prod was changed"))
	}
	for _, word := range words {
		if !strings.Contains(result.Output, word) {
			all = errors.Join(all, fmt.Errorf("its output does not contain %q", word))
		}
	}
	return all
}

// noted checks that the last merge request has so many notes, with these words in the first.
func (s *session) noted(n int, words ...string) error {
	notes := s.gitlab.Notes(s.last)
	if len(notes) != n {
		return fmt.Errorf("%d notes, must be %d", len(notes), n)
	}
	for _, word := range words {
		if !strings.Contains(notes[0].Body, word) {
			return fmt.Errorf("the note does not contain %q:\n%s", word, notes[0].Body)
		}
	}
	return nil
}
