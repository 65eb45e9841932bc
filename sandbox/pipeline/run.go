package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// Run is one pipeline.
type Run struct {
	// Source is CI_PIPELINE_SOURCE: merge_request_event, push or schedule.
	Source string
	// Branch is checked out; its jobs' tokens name it.
	Branch string
	// Request is the merge request's number; 0: none.
	Request int
	// From and Target are the merge request's branches; empty: Branch and main. With merged results GitLab
	// checks out neither, but the merge of both.
	From, Target string
	// Labels are the merge request's.
	Labels string
	// Manual are the manual jobs that are started.
	Manual []string
	// Jobs are the jobs to run; none: all.
	Jobs []string
	// Variables are further ones, set for all jobs.
	Variables map[string]string
	// During runs concurrently with the pipeline; output returns the jobs' output so far. Its context ends with the
	// pipeline.
	During func(ctx context.Context, output func() string) error
}

// Result is how a pipeline ended.
type Result struct {
	OK     bool
	Output string
}

// Runner runs pipelines of a project.
type Runner struct {
	Layout  layout.Layout
	Report  daemon.Report
	Region  string
	Base    deploy.Base
	Project *Project
	// ProjectPath is the path of the GitLab project.
	ProjectPath string
	// Variables are the project's CI/CD variables.
	Variables map[string]string
	Out       io.Writer
}

// Run runs a pipeline to its end. It returns an error if the pipeline could not run or a job has left a secret; a job that
// fails is in the result.
func (r *Runner) Run(ctx context.Context, run Run) (Result, error) {
	if err := r.Project.Checkout(ctx, run.Branch); err != nil {
		return Result{}, err
	}
	job := oidc.Job{Source: run.Source, Ref: run.Branch}
	if run.Source == oidc.MergeRequest {
		job.Ref, job.Target = cmp.Or(run.From, run.Branch), cmp.Or(run.Target, "main")
	}
	token, err := daemon.Token(ctx, r.Layout, deploy.GitLabProject(r.ProjectPath).Claims(job))
	if err != nil {
		return Result{}, fmt.Errorf("token of the pipeline: %w", err)
	}
	vars := maps.Clone(r.Variables)
	vars["CI_PIPELINE_SOURCE"] = run.Source
	if run.Request > 0 {
		vars["CI_MERGE_REQUEST_IID"], vars["CI_MERGE_REQUEST_LABELS"] = fmt.Sprint(run.Request), run.Labels
	}
	secrets := secrets(vars)
	secrets["GitLab's token"] = token
	maps.Copy(vars, run.Variables)
	if err := errors.Join(r.writeVariables(vars), r.Project.writeTokens(token)); err != nil {
		return Result{}, err
	}
	if err := r.clearDirectories(); err != nil {
		return Result{}, err
	}
	result, err := r.execute(ctx, run)
	return result, errors.Join(err, r.leaks(ctx, secrets, result.Output))
}

// clearDirectories removes the working copies of the previous pipeline and creates the jobs' temporary directory.
func (r *Runner) clearDirectories() error {
	err := errors.Join(os.RemoveAll(filepath.Join(r.state(), "builds")), os.MkdirAll(tmp(r.Layout), 0o700))
	if err != nil {
		return fmt.Errorf("create the jobs' directories: %w", err)
	}
	return nil
}

// administrator is the AWS settings of the emulated account's administrator.
func (r *Runner) administrator() aws.Config {
	return aws.Config{
		Region: r.Region, BaseEndpoint: aws.String(r.Report.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(r.Report.AccessKeyID, r.Report.SecretAccessKey, ""),
	}
}

// state is the directory of gitlab-ci-local's jobs.
func (r *Runner) state() string { return filepath.Join(r.Project.dir, ".gitlab-ci-local") }

// writeVariables writes the file from which gitlab-ci-local reads the project's variables.
func (r *Runner) writeVariables(vars map[string]string) error {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		fmt.Fprintf(&lines, "%s=%s\n", name, vars[name])
	}
	path := filepath.Join(r.Project.dir, ".gitlab-ci-local-variables.yml")
	if err := os.WriteFile(path, []byte(lines.String()), 0o600); err != nil {
		return fmt.Errorf("write the pipeline's variables: %w", err)
	}
	return nil
}

func (r *Runner) execute(ctx context.Context, run Run) (Result, error) {
	args := []string{runner(r.Layout), "--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source", "--no-color", "--concurrency", "2"}
	if run.Source == "merge_request_event" {
		args = append(args, "--unset-variable", "CI_COMMIT_BRANCH")
	}
	for _, job := range run.Manual {
		args = append(args, "--manual", job)
	}
	args = append(args, run.Jobs...)
	js, err := build.NodeDir(r.Layout)
	if err != nil {
		return Result{}, err
	}
	var output transcript
	process, err := child.Start(child.Spec{
		Name: "gitlab-ci-local", Path: filepath.Join(js, "bin", "node"), Args: args, Dir: r.Project.dir, Env: r.environment(),
		Log: io.MultiWriter(&output, r.Out),
	})
	if err != nil {
		return Result{}, err
	}
	concurrent, end := context.WithCancel(ctx)
	during := make(chan error, 1)
	go func() {
		defer close(during)
		if run.During != nil {
			during <- run.During(concurrent, output.String)
		}
	}()
	select {
	case <-process.Done():
	case <-ctx.Done():
		process.Stop(time.Minute)
	}
	end()
	return Result{OK: process.Err() == nil, Output: output.String()}, errors.Join(ctx.Err(), <-during)
}

// transcript is output that can be read while it is written.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(text)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// environment returns a runner's environment: the machine's with the sandbox's addresses and without credentials.
func (r *Runner) environment() []string {
	vars := deploy.Environment(r.Layout, r.Report, r.Region, r.Base)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PULUMI_HOME"} {
		delete(vars, name)
	}
	// Credentials are resolved before the SDK for Go knows AWS_ENDPOINT_URL: STS needs its own.
	vars["AWS_ENDPOINT_URL_STS"] = r.Report.Endpoint
	vars["HOME"], vars["TMPDIR"] = filepath.Join(dir(r.Layout), "home"), tmp(r.Layout)
	env := deploy.Inherit(r.Layout, vars)
	for i, entry := range env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			env[i] = "PATH=" + bin(r.Layout) + string(os.PathListSeparator) + path
		}
	}
	return env
}
