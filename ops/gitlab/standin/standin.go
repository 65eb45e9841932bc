// Package standin is a GitLab for tests and for the sandbox's pipeline: the part of the API that ops calls, for one
// project. It stores what is posted.
package standin

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Token is the one that New expects of callers, and Project the project that it serves.
const (
	Token   = "a project's token"
	Project = 1
)

// The users of the server: the token's own, and another one.
const (
	self  = 41
	other = 42
)

// Server is a GitLab with one project.
type Server struct {
	// URL is the API's, as CI_API_V4_URL has it.
	URL string
	// Token is what a caller must send.
	Token string
	// Target is the branch that merge requests are merged into.
	Target string
	// Shown are the project's settings as the token's user sees them, by the path of the API. Missing ones are not found,
	// Forbidden ones are denied.
	Shown map[string]any

	mu        sync.Mutex
	project   string // its path in the API
	last      int    // the last ID that was given
	notes     map[int][]Note
	issues    []Issue
	merged    map[string]merge // by the commit that it became
	variables map[string]Variable
	server    *http.Server
}

// Forbidden is the value in Shown for what the token's user may not see.
var Forbidden = new(struct{})

// Note is a note of a merge request.
type Note struct {
	ID      int       `json:"id"`
	Body    string    `json:"body"`
	Author  user      `json:"author"`
	Updates int       `json:"-"`
	Updated time.Time `json:"updated_at"`
}

// Issue is an issue of the project.
type Issue struct {
	Author      user   `json:"author"`
	IID         int    `json:"iid"`
	Title       string `json:"title"`
	Description string `json:"description"`
	State       string `json:"state"`
}

// Variable is a CI/CD variable of the project.
type Variable struct {
	Key       string `json:"key"`
	Value     string `json:"value"`
	Masked    bool   `json:"masked"`
	Protected bool   `json:"protected"`
	Raw       bool   `json:"raw"`
}

type user struct {
	ID int `json:"id"`
}

// merge is a merge request that was merged.
type merge struct {
	request int
	at      time.Time
}

// Serve starts a server for a project and a token.
func Serve(project int, token string) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve GitLab's API: %w", err)
	}
	const base = "/api/v4"
	s := &Server{
		URL: "http://" + listener.Addr().String() + base, Token: token, Target: "main",
		project: "/projects/" + strconv.Itoa(project), notes: map[int][]Note{}, merged: map[string]merge{}, variables: map[string]Variable{},
	}
	s.Shown = s.settings(project)
	s.server = &http.Server{Handler: http.StripPrefix(base, s.handler()), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

// test is what New needs of a *testing.T. The sandbox has this package in its program, without package testing.
type test interface {
	Helper()
	Fatal(args ...any)
	Cleanup(f func())
}

// New starts a server that ends with the test.
func New(t test) *Server {
	t.Helper()
	s, err := Serve(Project, Token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Close ends the server.
func (s *Server) Close() { _ = s.server.Close() }

// handler responds as https://docs.gitlab.com/api/notes/, /issues/, /commits/, /users/ and /project_level_variables/
// describe, and to other reads with Shown.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, respond func(r *http.Request) (int, any)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.respond(w, r, respond) })
	}
	handle("GET /user", func(*http.Request) (int, any) { return http.StatusOK, user{self} })
	handle("GET "+s.project+"/merge_requests/{request}/notes", s.listNotes)
	handle("POST "+s.project+"/merge_requests/{request}/notes", s.addNote)
	handle("PUT "+s.project+"/merge_requests/{request}/notes/{note}", s.changeNote)
	handle("GET "+s.project+"/repository/commits/{commit}/merge_requests", s.listMerged)
	handle("GET "+s.project+"/issues", s.listIssues)
	handle("POST "+s.project+"/issues", s.addIssue)
	handle("PUT "+s.project+"/issues/{issue}", s.changeIssue)
	handle("POST "+s.project+"/variables", s.addVariable)
	handle("PUT "+s.project+"/variables/{name}", s.changeVariable)
	handle("GET /", s.show)
	return mux
}

func (s *Server) respond(w http.ResponseWriter, r *http.Request, respond func(r *http.Request) (int, any)) {
	status, body := failure(http.StatusUnauthorized, "Unauthorized")
	if r.Header.Get("Private-Token") == s.Token {
		s.mu.Lock()
		defer s.mu.Unlock()
		status, body = respond(r)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may have left
}

func failure(status int, text string) (int, any) {
	return status, map[string]string{"message": strconv.Itoa(status) + " " + text}
}

func missing(what string) (int, any) { return failure(http.StatusNotFound, what+"Not Found") }

// number reads a number of a path; any other value is not found.
func number(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.PathValue(name))
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

// page is the part of a list that is requested, by default the first 20.
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
