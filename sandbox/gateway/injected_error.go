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
const InjectErrorPath = call.SandboxPrefix + "refuse"

// Refusal is the error that the next call of one kind gets in place of its answer, once: so a test sees
// what becomes of an update that AWS refuses.
type InjectedError struct {
	// Service is the signing name, Method and Path the call's; path.Match's patterns are taken.
	Service, Method, Path string
	// Status, Code and Message are AWS's answer, of the JSON protocols.
	Status        int
	Code, Message string
}

// check says what is missing, before a call would meet it.
func (r InjectedError) check() error {
	if _, err := path.Match(r.Path, ""); err != nil {
		return fmt.Errorf("path %q: %w", r.Path, err)
	}
	if r.Service == "" || r.Method == "" || r.Path == "" || r.Status < 400 || r.Code == "" {
		return fmt.Errorf("want service, method, path, code and a status from 400, got %+v", r)
	}
	return nil
}

// refusals are those that no call has met yet.
type injectedErrors struct {
	mu      sync.Mutex
	waiting []InjectedError
}

func (f *injectedErrors) add(r InjectedError) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, r)
}

// take is the first refusal of a call, which then is used up.
func (f *injectedErrors) take(service string, request *http.Request) (InjectedError, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.waiting, func(r InjectedError) bool {
		matched, err := path.Match(r.Path, request.URL.Path)
		return err == nil && matched && r.Service == service && r.Method == request.Method
	})
	if i < 0 {
		return InjectedError{}, false
	}
	found := f.waiting[i]
	f.waiting = slices.Delete(f.waiting, i, i+1)
	return found, true
}

// serveRefuse takes a refusal.
func (g *Gateway) serveInjectError(w http.ResponseWriter, r *http.Request) {
	var wanted InjectedError
	err := json.NewDecoder(r.Body).Decode(&wanted)
	if err == nil {
		err = wanted.check()
	}
	if err != nil {
		http.Error(w, "refusal: "+err.Error(), http.StatusBadRequest)
		return
	}
	g.injectedErrors.add(wanted)
	w.WriteHeader(http.StatusNoContent)
}
