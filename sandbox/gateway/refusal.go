package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// RefusePath takes a Refusal by POST.
const RefusePath = call.OwnPrefix + "refuse"

// Refusal is the error that the next call of one kind gets in place of its answer, once: so a test sees
// what becomes of an update that AWS refuses.
type Refusal struct {
	// Service is the signing name, Method and Path the call's; path.Match's patterns are taken.
	Service, Method, Path string
	// Status, Code and Message are AWS's answer, of the JSON protocols.
	Status        int
	Code, Message string
}

// check says what is missing, before a call would meet it.
func (r Refusal) check() error {
	if _, err := path.Match(r.Path, ""); err != nil {
		return fmt.Errorf("path %q: %w", r.Path, err)
	}
	if r.Service == "" || r.Method == "" || r.Path == "" || r.Status < 400 || r.Code == "" {
		return fmt.Errorf("want service, method, path, code and a status from 400, got %+v", r)
	}
	return nil
}

// refusals are those that no call has met yet.
type refusals struct {
	mu      sync.Mutex
	waiting []Refusal
}

func (f *refusals) add(r Refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, r)
}

// take is the first refusal of a call, which then is used up.
func (f *refusals) take(service string, request *http.Request) (Refusal, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.waiting, func(r Refusal) bool {
		matched, err := path.Match(r.Path, request.URL.Path)
		return err == nil && matched && r.Service == service && r.Method == request.Method
	})
	if i < 0 {
		return Refusal{}, false
	}
	found := f.waiting[i]
	f.waiting = slices.Delete(f.waiting, i, i+1)
	return found, true
}

// serveRefuse takes a refusal.
func (g *Gateway) serveRefuse(w http.ResponseWriter, r *http.Request) {
	var wanted Refusal
	err := json.NewDecoder(r.Body).Decode(&wanted)
	if err == nil {
		err = wanted.check()
	}
	if err != nil {
		http.Error(w, "refusal: "+err.Error(), http.StatusBadRequest)
		return
	}
	g.refusals.add(wanted)
	w.WriteHeader(http.StatusNoContent)
}
