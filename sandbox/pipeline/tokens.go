package pipeline

import (
	"fmt"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// jobFile is what decides which jobs get a token of GitLab.
type jobFile map[string]any

// readJobs reads the project's .gitlab-ci.yml.
func readJobs(dir string) (jobFile, error) {
	text, err := os.ReadFile(filepath.Join(dir, ".gitlab-ci.yml"))
	if err != nil {
		return nil, fmt.Errorf("read the pipeline's file: %w", err)
	}
	var jobs map[string]any // a named type would be that of nested maps, too
	if err := yaml.Unmarshal(text, &jobs); err != nil {
		return nil, fmt.Errorf("read the pipeline's file: %w", err)
	}
	return jobs, nil
}

// withTokens returns what to add to the file so that each job with id_tokens, and no other job, has the token in its
// variables, as in GitLab. gitlab-ci-local does not issue tokens. Jobs inherit the variables by extends.
func (jobs jobFile) withTokens(token string) jobFile {
	added := jobFile{}
	for name, value := range jobs {
		job, _ := value.(map[string]any)
		tokens, _ := job["id_tokens"].(map[string]any)
		variables := map[string]any{}
		for variable := range tokens {
			variables[variable] = token
		}
		switch {
		case len(variables) == 0:
		case name == "default":
			added["variables"] = variables
		default:
			added[name] = map[string]any{"variables": variables}
		}
	}
	return added
}

// writeTokens writes the file that gitlab-ci-local merges into .gitlab-ci.yml.
func (p *Project) writeTokens(token string) error {
	jobs, err := readJobs(p.dir)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(jobs.withTokens(token))
	if err != nil {
		return fmt.Errorf("give the jobs their tokens: %w", err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, ".gitlab-ci-local.yml"), text, 0o600); err != nil {
		return fmt.Errorf("give the jobs their tokens: %w", err)
	}
	return nil
}
