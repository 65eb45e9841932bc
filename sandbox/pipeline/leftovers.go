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

// secrets are the values of the variables by which somebody could sign in as a job does.
func secrets(vars map[string]string) secretscan.Values {
	all := secretscan.Values{}
	for name, value := range vars {
		if (name == "AWS_TOKEN" || strings.HasSuffix(name, "_CI_KEY_SECRET")) && value != "" {
			all["the variable "+name] = value
		}
	}
	return all
}

// leaks says what the pipeline that has ended shows to whom it must not: its jobs' secrets and those of
// the account, in what the jobs have said and in what they leave.
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

// leftovers says what the jobs leave for others: their working copies, which gitlab-ci-local keeps as a
// runner may do, what it hands to later jobs, and the machine's temporary folder.
func (r *Runner) leftovers(secrets secretscan.Values) error {
	var all []error
	for _, folder := range []string{filepath.Join(r.state(), "builds"), filepath.Join(r.state(), "artifacts"), filepath.Join(r.state(), "cache"), tmp(r.Layout)} {
		held, err := secrets.Under(folder)
		plans, missing := plansUnder(folder)
		all = append(all, err, missing)
		for _, what := range append(held, plans...) {
			all = append(all, fmt.Errorf("a job has left what is for nobody else: %s", what))
		}
	}
	return errors.Join(all...)
}

// plansUnder are the plans of updates under a folder.
func plansUnder(folder string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
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
		return found, fmt.Errorf("look for what the jobs have left: %w", err)
	}
	return found, nil
}

// published looks for the account's secrets in what the pipeline has written to GitLab, and in the logs
// of the sandbox and of the CLI.
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
