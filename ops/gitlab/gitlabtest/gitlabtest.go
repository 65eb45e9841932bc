// Package gitlabtest is a GitLab for tests: it keeps what is posted, in pages as GitLab gives them.
package gitlabtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Token is the one that the server takes.
const Token = "a project's token"

// The users of the server: the token's own, and somebody else.
const (
	self  = 41
	other = 42
)

// Server is a GitLab with the project 1.
type Server struct {
	*httptest.Server
	// Target is the branch that merge requests are merged into.
	Target string
	// Shown are the project's settings as a maintainer is shown them, by the path of the API; what is not
	// there is not found.
	Shown  map[string]any
	mu     sync.Mutex
	notes  map[string][]entry
	issues []map[string]any
	merged map[string]merge
	// variables are the project's, by name.
	variables map[string]map[string]any
}

type entry struct {
	ID      int       `json:"id"`
	Body    string    `json:"body"`
	Author  user      `json:"author"`
	Updated time.Time `json:"updated_at"`
}

type merge struct {
	request int
	at      time.Time
}

type user struct {
	ID int `json:"id"`
}

// New starts a server that ends with the test.
func New(t *testing.T) *Server {
	t.Helper()
	s := &Server{Target: "main", Shown: settings(), notes: map[string][]entry{}, merged: map[string]merge{}, variables: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, _ *http.Request) { s.write(w, user{self}) })
	s.serveRequests(t, mux)
	s.serveIssues(t, mux)
	s.serveVariables(t, mux)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		answer, shown := s.Shown[r.URL.Path]
		if !shown {
			http.Error(w, `{"message":"404 Not Found"}`, http.StatusNotFound)
			return
		}
		s.write(w, answer)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Private-Token") != Token {
			http.Error(w, `{"message":"401 Unauthorized"}`, http.StatusUnauthorized)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// settings are those of a project that is set up as docs/how-to/set-up-gitlab.md says.
func settings() map[string]any {
	return map[string]any{
		"/version": map[string]any{"version": "18.2.2-ee"},
		"/projects/1": map[string]any{
			"default_branch": "main", "visibility": "private", "merge_method": "ff",
			"merge_pipelines_enabled": false, "merge_trains_enabled": false,
			"only_allow_merge_if_pipeline_succeeds": true, "allow_merge_on_skipped_pipeline": nil, "ci_config_path": nil,
			"ci_allow_fork_pipelines_to_run_in_parent_project": false, "ci_separated_caches": true, "ci_forward_deployment_enabled": true,
			"ci_pipeline_variables_minimum_override_role": "no_one_allowed", "ci_push_repository_for_job_token_allowed": false,
			"ci_id_token_sub_claim_components": []string{"project_path", "ref_type", "ref"},
		},
		"/projects/1/repository/branches/main": map[string]any{"protected": true, "developers_can_push": false, "developers_can_merge": false},
		"/projects/1/protected_branches/main":  map[string]any{"push_access_levels": []any{map[string]any{"access_level": 0}}, "allow_force_push": false},
		"/projects/1/protected_environments":   []any{map[string]any{"name": "prod"}},
		"/projects/1/job_token_scope":          map[string]any{"inbound_enabled": true},
		"/projects/1/variables": []any{
			map[string]any{"key": "PROD_DEPLOY_ROLE", "protected": true}, map[string]any{"key": "GITLAB_TOKEN", "masked": true},
			map[string]any{"key": "PROD_CI_KEY_SECRET", "protected": true, "masked": true}, map[string]any{"key": "ACCEPT_PREVIEW", "protected": true},
		},
	}
}

// serveRequests answers for merge requests and their notes.
func (s *Server) serveRequests(t *testing.T, mux *http.ServeMux) {
	t.Helper()
	mux.HandleFunc("GET /projects/1/merge_requests/{mr}/notes", func(w http.ResponseWriter, r *http.Request) {
		s.page(w, r, s.notes[r.PathValue("mr")])
	})
	mux.HandleFunc("POST /projects/1/merge_requests/{mr}/notes", func(_ http.ResponseWriter, r *http.Request) {
		list := s.notes[r.PathValue("mr")]
		s.notes[r.PathValue("mr")] = append(list, entry{len(list) + 1, s.fields(t, r)["body"].(string), user{self}, time.Now()})
	})
	mux.HandleFunc("PUT /projects/1/merge_requests/{mr}/notes/{note}", func(_ http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("note"))
		if err != nil {
			t.Error(err)
		}
		note := &s.notes[r.PathValue("mr")][n-1]
		note.Body, note.Updated = s.fields(t, r)["body"].(string), time.Now()
	})
	mux.HandleFunc("GET /projects/1/repository/commits/{commit}/merge_requests", func(w http.ResponseWriter, r *http.Request) {
		if merged, ok := s.merged[r.PathValue("commit")]; ok {
			s.write(w, []any{map[string]any{"iid": merged.request, "state": "merged", "target_branch": s.Target, "merged_at": merged.at}})
			return
		}
		s.write(w, []any{})
	})
}

func (s *Server) serveIssues(t *testing.T, mux *http.ServeMux) {
	t.Helper()
	mux.HandleFunc("GET /projects/1/issues", func(w http.ResponseWriter, _ *http.Request) { s.write(w, s.issues) })
	mux.HandleFunc("POST /projects/1/issues", func(_ http.ResponseWriter, r *http.Request) {
		issue := s.fields(t, r)
		issue["iid"], issue["state"], issue["author"] = len(s.issues)+1, "opened", user{self}
		s.issues = append(s.issues, issue)
	})
	mux.HandleFunc("PUT /projects/1/issues/{issue}", func(_ http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("issue"))
		if err != nil {
			t.Error(err)
		}
		for key, value := range s.fields(t, r) {
			if key == "state_event" {
				key, value = "state", "closed"
			}
			s.issues[n-1][key] = value
		}
	})
}

func (s *Server) serveVariables(t *testing.T, mux *http.ServeMux) {
	t.Helper()
	mux.HandleFunc("PUT /projects/1/variables/{name}", func(w http.ResponseWriter, r *http.Request) {
		if _, known := s.variables[r.PathValue("name")]; !known {
			http.Error(w, `{"message":"404 Variable Not Found"}`, http.StatusNotFound)
			return
		}
		s.variables[r.PathValue("name")] = s.fields(t, r)
	})
	mux.HandleFunc("POST /projects/1/variables", func(_ http.ResponseWriter, r *http.Request) {
		fields := s.fields(t, r)
		s.variables[fields["key"].(string)] = fields
	})
}

// AddNotes puts notes of others on a merge request.
func (s *Server) AddNotes(request, n int, body string) {
	key := strconv.Itoa(request)
	for i := range n {
		s.notes[key] = append(s.notes[key], entry{len(s.notes[key]) + 1, fmt.Sprintf("%s %d", body, i), user{other}, time.Now()})
	}
}

// Notes are the texts of a merge request's notes.
func (s *Server) Notes(request int) []string {
	var all []string
	for _, n := range s.notes[strconv.Itoa(request)] {
		all = append(all, n.Body)
	}
	return all
}

// Issues are what was posted.
func (s *Server) Issues() []map[string]any { return s.issues }

// AddIssue opens an issue of somebody else.
func (s *Server) AddIssue(title string) {
	s.issues = append(s.issues, map[string]any{"iid": len(s.issues) + 1, "title": title, "state": "opened", "author": user{other}})
}

// Variables are the project's, by name, as they were set.
func (s *Server) Variables() map[string]map[string]any { return s.variables }

// Merge says which merge request a commit came by. Its notes are as they are then.
func (s *Server) Merge(commit string, request int) { s.merged[commit] = merge{request, time.Now()} }

func (s *Server) fields(t *testing.T, r *http.Request) map[string]any {
	var set map[string]any
	if err := json.NewDecoder(r.Body).Decode(&set); err != nil {
		t.Error(err)
	}
	return set
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, all []entry) {
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	at, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := min((at-1)*size, len(all))
	s.write(w, append([]entry{}, all[from:min(from+size, len(all))]...))
}

func (s *Server) write(w http.ResponseWriter, body any) {
	_ = json.NewEncoder(w).Encode(body) // the caller may have left
}
