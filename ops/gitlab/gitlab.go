// Package gitlab calls the part of GitLab's REST API that the pipeline uses: notes of a merge request, issues, and the
// project's variables. It identifies a note or an issue by its author and a marker in its text, and updates it.
// https://docs.gitlab.com/api/notes/, https://docs.gitlab.com/api/issues/,
// https://docs.gitlab.com/api/project_level_variables/
package gitlab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// timeout bounds one call.
const timeout = 30 * time.Second

// Project is one project of a GitLab instance.
type Project struct {
	API, ID, token string
	client         http.Client
}

// User is a user of GitLab; a project access token has its own.
type User struct {
	ID int `json:"id"`
}

// Note is a comment on a merge request.
type Note struct {
	ID     int    `json:"id"`
	Body   string `json:"body"`
	Author User   `json:"author"`
	// Updated is when its text was last written.
	Updated time.Time `json:"updated_at"`
}

// Issue is an issue of the project.
type Issue struct {
	Author      User   `json:"author"`
	IID         int    `json:"iid"`
	Title       string `json:"title"`
	Description string `json:"description"`
	State       string `json:"state"` // opened or closed
}

// MergeRequest is a merge request of the project.
type MergeRequest struct {
	IID    int    `json:"iid"`
	State  string `json:"state"` // opened, merged or closed
	Target string `json:"target_branch"`
	// Merged is when it was merged.
	Merged time.Time `json:"merged_at"`
}

// FromJob returns the project of the running job, by the variables that GitLab sets, with the project access token in
// GITLAB_TOKEN: a job's own token may not write notes.
func FromJob(getenv func(string) string) (*Project, error) {
	p := &Project{
		API: getenv("CI_API_V4_URL"), ID: getenv("CI_PROJECT_ID"), token: getenv("GITLAB_TOKEN"),
		client: http.Client{Timeout: timeout},
	}
	var missing []string
	for _, v := range []struct{ name, value string }{
		{"CI_API_V4_URL", p.API}, {"CI_PROJECT_ID", p.ID}, {"GITLAB_TOKEN", p.token},
	} {
		if v.value == "" {
			missing = append(missing, v.name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("variables %s are not set; GITLAB_TOKEN is a masked CI variable with a project access token of scope api", strings.Join(missing, ", "))
	}
	return p, nil
}

// PutNote updates the note with the marker on the merge request, or creates it.
func (p *Project) PutNote(ctx context.Context, mergeRequest, marker, body string) error {
	notes := p.path("merge_requests", mergeRequest, "notes")
	known, err := p.FindNote(ctx, mergeRequest, marker)
	if err != nil {
		return err
	}
	text := map[string]string{"body": marker + "\n" + body}
	if known == nil {
		return p.call(ctx, http.MethodPost, notes, text, nil)
	}
	return p.call(ctx, http.MethodPut, notes+"/"+strconv.Itoa(known.ID), text, nil)
}

// FindNote returns the note with the marker on the merge request, or nil. Only notes of the token's own user count:
// otherwise anyone who may comment could forge a review.
func (p *Project) FindNote(ctx context.Context, mergeRequest, marker string) (*Note, error) {
	self, err := p.self(ctx)
	if err != nil {
		return nil, err
	}
	notes, err := pages[Note](ctx, p, p.path("merge_requests", mergeRequest, "notes"), nil)
	if err != nil {
		return nil, err
	}
	for i := range notes {
		if notes[i].Author == self && strings.HasPrefix(notes[i].Body, marker) {
			return &notes[i], nil
		}
	}
	return nil, nil
}

// MergeRequestOf returns the merge request by which the commit came to the branch, or nil if it was pushed. A merge request
// into another branch does not count, since its author needs no approval there.
// https://docs.gitlab.com/api/commits/#list-all-merge-requests-associated-with-a-commit
func (p *Project) MergeRequestOf(ctx context.Context, commit, branch string) (*MergeRequest, error) {
	all, err := pages[MergeRequest](ctx, p, p.path("repository", "commits", commit, "merge_requests"), nil)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].State == "merged" && all[i].Target == branch {
			return &all[i], nil
		}
	}
	return nil, nil
}

// PutIssue updates the open issue with that title, or opens it.
func (p *Project) PutIssue(ctx context.Context, title, description string) error {
	known, err := p.findIssue(ctx, title)
	if err != nil {
		return err
	}
	fields := map[string]string{"title": title, "description": description}
	if known == nil {
		return p.call(ctx, http.MethodPost, p.path("issues"), fields, nil)
	}
	return p.call(ctx, http.MethodPut, p.path("issues", strconv.Itoa(known.IID)), fields, nil)
}

// CloseIssue closes the open issue of that title, if there is one.
func (p *Project) CloseIssue(ctx context.Context, title string) error {
	known, err := p.findIssue(ctx, title)
	if err != nil || known == nil {
		return err
	}
	return p.call(ctx, http.MethodPut, p.path("issues", strconv.Itoa(known.IID)), map[string]string{"state_event": "close"}, nil)
}

// SetVariable sets a CI/CD variable of the project: masked, protected, and raw, so that dollar signs are kept. The token
// must be a maintainer's.
func (p *Project) SetVariable(ctx context.Context, name, value string) error {
	fields := map[string]any{"key": name, "value": value, "masked": true, "protected": true, "raw": true}
	err := p.call(ctx, http.MethodPut, p.path("variables", name), fields, nil)
	if rejected := new(statusError); errors.As(err, rejected) && rejected.code == http.StatusNotFound {
		return p.call(ctx, http.MethodPost, p.path("variables"), fields, nil)
	}
	return err
}

// self returns the token's user. https://docs.gitlab.com/api/users/
func (p *Project) self(ctx context.Context) (User, error) {
	var user User
	err := p.call(ctx, http.MethodGet, "/user", nil, &user)
	return user, err
}

func (p *Project) findIssue(ctx context.Context, title string) (*Issue, error) {
	self, err := p.self(ctx)
	if err != nil {
		return nil, err
	}
	all, err := pages[Issue](ctx, p, p.path("issues"), url.Values{"state": {"opened"}, "search": {title}, "in": {"title"}})
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Author == self && all[i].Title == title && all[i].State == "opened" {
			return &all[i], nil
		}
	}
	return nil, nil
}

// pages reads every page of a list.
func pages[T any](ctx context.Context, p *Project, path string, query url.Values) ([]T, error) {
	const size = 100 // GitLab's maximum
	var all []T
	for page := 1; ; page++ {
		q := url.Values{"per_page": {strconv.Itoa(size)}, "page": {strconv.Itoa(page)}}
		for key, values := range query {
			q[key] = values
		}
		var some []T
		if err := p.call(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &some); err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < size {
			return all, nil
		}
	}
}

func (p *Project) path(parts ...string) string {
	path := "/projects/" + url.PathEscape(p.ID)
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// call makes one call. Its error never contains the token.
func (p *Project) call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return fmt.Errorf("GitLab %s %s: %w", method, path, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(p.API, "/")+path, &body)
	if err != nil {
		return fmt.Errorf("GitLab %s %s: %w", method, path, err)
	}
	request.Header.Set("Private-Token", p.token)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := p.client.Do(request)
	if err != nil {
		return fmt.Errorf("GitLab %s %s: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("GitLab %s %s: %w", method, path, err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("GitLab %s %s: %w", method, path, newStatusError(response, text))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("GitLab %s %s: read its response: %w", method, path, err)
	}
	return nil
}

// statusError is a response without success, with the start of its body.
type statusError struct {
	code    int
	message string
}

func (e statusError) Error() string { return e.message }

func newStatusError(response *http.Response, text []byte) statusError {
	const maxBody = 300
	body := strings.TrimSpace(string(text))
	if len(body) > maxBody {
		body = body[:maxBody]
	}
	return statusError{response.StatusCode, strings.TrimSpace(response.Status + " " + body)}
}
