package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/deploy"
)

// bot is the user of the project's token, who writes every note and issue here.
var bot = user{ID: 7}

// GitLab is the part of GitLab's API that the pipeline uses. It keeps what is posted.
type GitLab struct {
	// Token is what a caller must show.
	Token string

	mu     sync.Mutex
	last   int
	notes  map[int][]note // by merge request
	issues []issue
	merged map[string]merge // by the commit that it became
	// variables are the project's CI/CD variables by name.
	variables map[string]variable
	// settings are the project's, as far as a reporter is shown them.
	settings map[string]any
}

// merge is a merge request that was merged.
type merge struct {
	request int
	at      time.Time
}

type user struct {
	ID int `json:"id"`
}

type note struct {
	ID      int       `json:"id"`
	Body    string    `json:"body"`
	Author  user      `json:"author"`
	Updates int       `json:"-"`
	Updated time.Time `json:"updated_at"`
}

type variable struct {
	Key       string `json:"key"`
	Value     string `json:"value"`
	Masked    bool   `json:"masked"`
	Protected bool   `json:"protected"`
}

type issue struct {
	Author      user   `json:"author"`
	IID         int    `json:"iid"`
	Title       string `json:"title"`
	Description string `json:"description"`
	State       string `json:"state"`
}

// NewGitLab is a GitLab with nothing in it.
func NewGitLab(token string) *GitLab {
	return &GitLab{Token: token, notes: map[int][]note{}, merged: map[string]merge{}, variables: map[string]variable{}, settings: map[string]any{
		"id": deploy.ProjectID, "default_branch": "main", "visibility": "private", "merge_method": "ff",
		"merge_pipelines_enabled": false, "merge_trains_enabled": false,
		"only_allow_merge_if_pipeline_succeeds": true, "allow_merge_on_skipped_pipeline": nil, "ci_config_path": nil,
	}}
}

// Set changes a setting of the project.
func (g *GitLab) Set(name string, value any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settings[name] = value
}

// Merge says that a merge request has become a commit.
func (g *GitLab) Merge(request int, commit string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.merged[commit] = merge{request, time.Now()}
}

// Notes are the notes of a merge request.
func (g *GitLab) Notes(request int) []note {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.notes[request])
}

// Issues are all issues.
func (g *GitLab) Issues() []issue {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.issues)
}

// Written is the text of all notes and issues.
func (g *GitLab) Written() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all strings.Builder
	for _, notes := range g.notes {
		for _, n := range notes {
			all.WriteString(n.Body + "\n")
		}
	}
	for _, i := range g.issues {
		all.WriteString(i.Title + "\n" + i.Description + "\n")
	}
	return all.String()
}

// Variables are the project's, by name.
func (g *GitLab) Variables() map[string]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	values := map[string]string{}
	for name, v := range g.variables {
		values[name] = v.Value
	}
	return values
}

// Serve serves the API until stop is called.
func (g *GitLab) Serve() (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("serve GitLab's API: %w", err)
	}
	server := &http.Server{Handler: g.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String() + "/api/v4", func() { _ = server.Close() }, nil
}

// Handler answers as https://docs.gitlab.com/api/notes/, /issues/, /commits/, /users/, /project_level_variables/,
// /projects/, /branches/ and /version/ say, the last three as to a reporter.
func (g *GitLab) Handler() http.Handler {
	project := "/api/v4/projects/" + strconv.Itoa(deploy.ProjectID)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v4/user", func(w http.ResponseWriter, r *http.Request) {
		g.answer(w, r, func(*http.Request) (int, any) { return http.StatusOK, bot })
	})
	handle := func(pattern string, answer func(r *http.Request) (int, any)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+project+path, func(w http.ResponseWriter, r *http.Request) { g.answer(w, r, answer) })
	}
	mux.HandleFunc("GET /api/v4/version", func(w http.ResponseWriter, r *http.Request) {
		g.answer(w, r, func(*http.Request) (int, any) { return http.StatusOK, map[string]string{"version": "18.7.0-ee"} })
	})
	handle("GET ", func(*http.Request) (int, any) { return http.StatusOK, maps.Clone(g.settings) })
	handle("GET /repository/branches/main", func(*http.Request) (int, any) {
		return http.StatusOK, map[string]bool{"protected": true, "developers_can_push": false, "developers_can_merge": false}
	})
	for _, hidden := range []string{"variables", "protected_branches/main", "protected_environments", "job_token_scope"} {
		handle("GET /"+hidden, func(*http.Request) (int, any) {
			return http.StatusForbidden, map[string]string{"message": "403 Forbidden"}
		})
	}
	handle("GET /merge_requests/{request}/notes", g.listNotes)
	handle("POST /merge_requests/{request}/notes", g.addNote)
	handle("PUT /merge_requests/{request}/notes/{note}", g.changeNote)
	handle("GET /repository/commits/{commit}/merge_requests", g.listMerged)
	handle("GET /issues", g.listIssues)
	handle("POST /issues", g.addIssue)
	handle("PUT /issues/{issue}", g.changeIssue)
	handle("POST /variables", g.addVariable)
	handle("PUT /variables/{name}", g.changeVariable)
	return mux
}

func (g *GitLab) answer(w http.ResponseWriter, r *http.Request, answer func(r *http.Request) (int, any)) {
	status, body := http.StatusUnauthorized, any(map[string]string{"message": "401 Unauthorized"})
	if r.Header.Get("Private-Token") == g.Token {
		g.mu.Lock()
		status, body = answer(r)
		g.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may have left
}

func missing(what string) (int, any) {
	return http.StatusNotFound, map[string]string{"message": "404 " + what + " Not Found"}
}

func number(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.PathValue(name)) // what is no number is not found
	return n
}

// fields are what a request sets; a body that cannot be read sets nothing.
func fields(r *http.Request) map[string]string {
	var set map[string]string
	if json.NewDecoder(r.Body).Decode(&set) != nil {
		return nil
	}
	return set
}

// page is the part of a list that is asked for, 20 at once unless told.
func page[T any](r *http.Request, all []T) (int, any) {
	size, err := strconv.Atoi(r.URL.Query().Get("per_page"))
	if err != nil {
		size = 20
	}
	at, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		at = 1
	}
	from := min(max(0, (at-1)*size), len(all))
	return http.StatusOK, append([]T{}, all[from:min(from+size, len(all))]...)
}

func (g *GitLab) listNotes(r *http.Request) (int, any) {
	return page(r, g.notes[number(r, "request")])
}

func (g *GitLab) addNote(r *http.Request) (int, any) {
	g.last++
	n := note{ID: g.last, Body: fields(r)["body"], Author: bot, Updated: time.Now()}
	request := number(r, "request")
	g.notes[request] = append(g.notes[request], n)
	return http.StatusCreated, n
}

func (g *GitLab) changeNote(r *http.Request) (int, any) {
	for i := range g.notes[number(r, "request")] {
		n := &g.notes[number(r, "request")][i]
		if n.ID == number(r, "note") {
			n.Body = fields(r)["body"]
			n.Updates++
			n.Updated = time.Now()
			return http.StatusOK, *n
		}
	}
	return missing("Note")
}

func (g *GitLab) listMerged(r *http.Request) (int, any) {
	merged, ok := g.merged[r.PathValue("commit")]
	if !ok {
		return http.StatusOK, []any{}
	}
	return http.StatusOK, []any{map[string]any{"iid": merged.request, "state": "merged", "target_branch": "main", "merged_at": merged.at}}
}

func (g *GitLab) listIssues(r *http.Request) (int, any) {
	var found []issue
	for _, i := range g.issues {
		if strings.Contains(i.Title, r.URL.Query().Get("search")) && i.State == r.URL.Query().Get("state") {
			found = append(found, i)
		}
	}
	return page(r, found)
}

func (g *GitLab) addIssue(r *http.Request) (int, any) {
	set := fields(r)
	g.last++
	i := issue{IID: g.last, Title: set["title"], Description: set["description"], State: "opened", Author: bot}
	g.issues = append(g.issues, i)
	return http.StatusCreated, i
}

func (g *GitLab) changeIssue(r *http.Request) (int, any) {
	set := fields(r)
	for n := range g.issues {
		i := &g.issues[n]
		if i.IID != number(r, "issue") {
			continue
		}
		if text, ok := set["description"]; ok {
			i.Description = text
		}
		if set["state_event"] == "close" {
			i.State = "closed"
		}
		return http.StatusOK, *i
	}
	return missing("Issue")
}

func (g *GitLab) addVariable(r *http.Request) (int, any) {
	var v variable
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil || v.Key == "" {
		return http.StatusBadRequest, map[string]string{"message": "400 Bad request"}
	}
	g.variables[v.Key] = v
	return http.StatusCreated, v
}

func (g *GitLab) changeVariable(r *http.Request) (int, any) {
	if _, known := g.variables[r.PathValue("name")]; !known {
		return missing("Variable")
	}
	status, v := g.addVariable(r)
	if status == http.StatusCreated {
		status = http.StatusOK
	}
	return status, v
}
