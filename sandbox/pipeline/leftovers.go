package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// secrets are the values of the variables by which somebody could sign in as a job does.
func secrets(vars map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if (name == "AWS_TOKEN" || strings.HasSuffix(name, "_CI_KEY_SECRET")) && vars[name] != "" {
			all = append(all, vars[name])
		}
	}
	return all
}

// leftovers says what the jobs of the pipeline that has ended leave for others: their working copies,
// which gitlab-ci-local keeps as a runner may do, what it hands to later jobs, and the machine's
// temporary folder.
func (r *Runner) leftovers(secrets []string) error {
	var all []error
	for _, folder := range []string{filepath.Join(r.state(), "builds"), filepath.Join(r.state(), "artifacts"), filepath.Join(r.state(), "cache"), tmp(r.Layout)} {
		left, err := left(folder, secrets)
		all = append(all, err)
		for _, name := range left {
			all = append(all, fmt.Errorf("a job has left %s, which is for nobody else", name))
		}
	}
	return errors.Join(all...)
}

// left are the files under a folder that hold one of the secrets, and the plans of updates.
func left(folder string, secrets []string) ([]string, error) {
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
			return nil
		}
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if slices.ContainsFunc(secrets, func(s string) bool { return bytes.Contains(content, []byte(s)) }) {
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		return found, fmt.Errorf("look for what the jobs have left: %w", err)
	}
	return found, nil
}
