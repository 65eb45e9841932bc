package gitlab

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// ErrHidden means that the token's user may not read something, or that it does not exist: GitLab returns the same for
// both.
var ErrHidden = errors.New("GitLab does not show it to this token")

// Branch is what every reader of the repository may read of a branch.
// https://docs.gitlab.com/api/branches/
type Branch struct {
	Protected       bool `json:"protected"`
	DevelopersPush  bool `json:"developers_can_push"`
	DevelopersMerge bool `json:"developers_can_merge"`
}

// Protection is the rule that protects a branch. https://docs.gitlab.com/api/protected_branches/
type Protection struct {
	Push []struct {
		Level int `json:"access_level"` // 0: no one
	} `json:"push_access_levels"`
	ForcePush bool `json:"allow_force_push"`
}

// Variable is a CI/CD variable without its value.
type Variable struct {
	Key       string `json:"key"`
	Masked    bool   `json:"masked"`
	Protected bool   `json:"protected"`
}

// Version is the instance's, such as 18.2.2-ee. https://docs.gitlab.com/api/version/
func (p *Project) Version(ctx context.Context) (string, error) {
	var response struct {
		Version string `json:"version"`
	}
	err := p.shown(ctx, "/version", &response)
	return response.Version, err
}

// Settings are the project's, by GitLab's name, as far as the token's user may read them: only maintainers may read most
// settings of CI/CD. https://docs.gitlab.com/api/projects/
func (p *Project) Settings(ctx context.Context) (map[string]any, error) {
	var settings map[string]any
	err := p.shown(ctx, p.path(), &settings)
	return settings, err
}

// Branch is one branch of the project.
func (p *Project) Branch(ctx context.Context, name string) (Branch, error) {
	var branch Branch
	err := p.shown(ctx, p.path("repository", "branches", name), &branch)
	return branch, err
}

// Protection is the rule of a protected branch.
func (p *Project) Protection(ctx context.Context, branch string) (Protection, error) {
	var rule Protection
	err := p.shown(ctx, p.path("protected_branches", branch), &rule)
	return rule, err
}

// ProtectedEnvironments are the names of the protected environments.
// https://docs.gitlab.com/api/protected_environments/
func (p *Project) ProtectedEnvironments(ctx context.Context) ([]string, error) {
	all, err := pages[struct{ Name string }](ctx, p, p.path("protected_environments"), nil)
	var names []string
	for _, environment := range all {
		names = append(names, environment.Name)
	}
	return names, hidden(err)
}

// Variables are the project's CI/CD variables.
func (p *Project) Variables(ctx context.Context) ([]Variable, error) {
	all, err := pages[Variable](ctx, p, p.path("variables"), nil)
	return all, hidden(err)
}

// InboundLimited reports whether job tokens of other projects have no access.
// https://docs.gitlab.com/api/project_job_token_scopes/
func (p *Project) InboundLimited(ctx context.Context) (bool, error) {
	var scope struct {
		Inbound bool `json:"inbound_enabled"`
	}
	err := p.shown(ctx, p.path("job_token_scope"), &scope)
	return scope.Inbound, err
}

func (p *Project) shown(ctx context.Context, path string, out any) error {
	return hidden(p.call(ctx, http.MethodGet, path, nil, out))
}

// hidden converts the status codes of unreadable settings to ErrHidden.
func hidden(err error) error {
	var rejected statusError
	if errors.As(err, &rejected) && slices.Contains([]int{http.StatusForbidden, http.StatusNotFound}, rejected.code) {
		return errors.Join(ErrHidden, err)
	}
	return err
}
