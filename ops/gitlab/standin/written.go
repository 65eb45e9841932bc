package standin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Merge records that a merge request has become a commit.
func (s *Server) Merge(commit string, request int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.merged[commit] = merge{request, time.Now()}
}

// AddNotes puts notes of another user on a merge request.
func (s *Server) AddNotes(request, n int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		s.note(request, fmt.Sprintf("%s %d", body, i), other)
	}
}

// AddIssue opens an issue of another user.
func (s *Server) AddIssue(title string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issue(title, "", other)
}

// Notes are the notes of a merge request.
func (s *Server) Notes(request int) []Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes[request])
}

// Issues are all issues.
func (s *Server) Issues() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.issues)
}

// Variables are the project's, by name.
func (s *Server) Variables() map[string]Variable {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.variables)
}

// Written is the text of all notes and issues.
func (s *Server) Written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all strings.Builder
	for _, notes := range s.notes {
		for _, n := range notes {
			all.WriteString(n.Body + "\n")
		}
	}
	for _, i := range s.issues {
		all.WriteString(i.Title + "\n" + i.Description + "\n")
	}
	return all.String()
}

func (s *Server) note(request int, body string, author int) Note {
	s.last++
	n := Note{ID: s.last, Body: body, Author: user{author}, Updated: time.Now()}
	s.notes[request] = append(s.notes[request], n)
	return n
}

func (s *Server) issue(title, description string, author int) Issue {
	s.last++
	i := Issue{IID: s.last, Title: title, Description: description, State: "opened", Author: user{author}}
	s.issues = append(s.issues, i)
	return i
}

func (s *Server) listNotes(r *http.Request) (int, any) {
	return page(r, s.notes[number(r, "request")])
}

func (s *Server) addNote(r *http.Request) (int, any) {
	return http.StatusCreated, s.note(number(r, "request"), fields(r)["body"], self)
}

func (s *Server) changeNote(r *http.Request) (int, any) {
	for i := range s.notes[number(r, "request")] {
		n := &s.notes[number(r, "request")][i]
		if n.ID == number(r, "note") {
			n.Body = fields(r)["body"]
			n.Updates++
			n.Updated = time.Now()
			return http.StatusOK, *n
		}
	}
	return missing("Note ")
}

func (s *Server) listMerged(r *http.Request) (int, any) {
	merged, ok := s.merged[r.PathValue("commit")]
	if !ok {
		return http.StatusOK, []any{}
	}
	return http.StatusOK, []any{map[string]any{"iid": merged.request, "state": "merged", "target_branch": s.Target, "merged_at": merged.at}}
}

func (s *Server) listIssues(r *http.Request) (int, any) {
	var found []Issue
	for _, i := range s.issues {
		if strings.Contains(i.Title, r.URL.Query().Get("search")) && i.State == r.URL.Query().Get("state") {
			found = append(found, i)
		}
	}
	return page(r, found)
}

func (s *Server) addIssue(r *http.Request) (int, any) {
	set := fields(r)
	return http.StatusCreated, s.issue(set["title"], set["description"], self)
}

func (s *Server) changeIssue(r *http.Request) (int, any) {
	set := fields(r)
	for n := range s.issues {
		i := &s.issues[n]
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
	return missing("Issue ")
}

func (s *Server) addVariable(r *http.Request) (int, any) {
	var v Variable
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil || v.Key == "" {
		return failure(http.StatusBadRequest, "Bad request")
	}
	s.variables[v.Key] = v
	return http.StatusCreated, v
}

func (s *Server) changeVariable(r *http.Request) (int, any) {
	if _, known := s.variables[r.PathValue("name")]; !known {
		return missing("Variable ")
	}
	status, v := s.addVariable(r)
	if status == http.StatusCreated {
		status = http.StatusOK
	}
	return status, v
}
