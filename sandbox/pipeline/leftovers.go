package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"

	"github.com/didomi/serverless-api/sandbox/secretscan"
)

// secrets returns the values of the variables that let their holder sign in as a job.
func secrets(vars map[string]string) secretscan.Values {
	all := secretscan.Values{}
	for name, value := range vars {
		if (name == "AWS_TOKEN" || strings.HasSuffix(name, "_CI_KEY_SECRET")) && value != "" {
			all["the variable "+name] = value
		}
	}
	return all
}

// leaks reports the secrets of a pipeline's jobs and of the account in the jobs' output and in the files that they leave.
func (r *Runner) leaks(ctx context.Context, secrets secretscan.Values, output string) error {
	known, err := secretscan.Account(ctx, r.administrator())
	if err != nil {
		return err
	}
	maps.Copy(known, secrets)
	var all []error
	for _, what := range known.In([]byte(output)) {
		all = append(all, fmt.Errorf("a job has printed %s", what))
	}
	return errors.Join(append(all, r.leftovers(known))...)
}

// leftovers reports secrets and plans in the files that jobs leave: their working copies, which gitlab-ci-local keeps as a
// runner may, artifacts, caches and the machine's temporary directory.
func (r *Runner) leftovers(secrets secretscan.Values) error {
	var all []error
	for _, directory := range []string{filepath.Join(r.state(), "builds"), filepath.Join(r.state(), "artifacts"), filepath.Join(r.state(), "cache"), tmp(r.Layout)} {
		found, err := secrets.Under(directory)
		plans, missing := plansUnder(directory)
		all = append(all, err, missing)
		for _, what := range append(found, plans...) {
			all = append(all, fmt.Errorf("a job has left a secret or a plan: %s", what))
		}
	}
	return errors.Join(all...)
}

// plansUnder returns the plans of updates under a directory.
func plansUnder(directory string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(directory, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if plan, _ := filepath.Match("plan*.json", entry.Name()); plan {
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("search the files that jobs have left: %w", err)
	}
	return found, nil
}

// published reports the account's secrets in the pipeline's notes and issues and in the logs of the sandbox and the CLI.
func (s *session) published(ctx context.Context) error {
	known, err := secretscan.Account(ctx, s.administrator())
	if err != nil {
		return err
	}
	var all []error
	for _, what := range known.In([]byte(s.gitlab.Written())) {
		all = append(all, fmt.Errorf("a note or an issue shows %s", what))
	}
	logged, err := known.Under(s.layout.Run())
	for _, what := range logged {
		all = append(all, errors.New(what))
	}
	return errors.Join(append(all, err)...)
}
