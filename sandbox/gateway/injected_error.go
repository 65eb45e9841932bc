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

// InjectErrorPath injects an InjectedError by POST.
const InjectErrorPath = call.SandboxPrefix + "inject-error"

// InjectedError is the error that the next matching call gets, once. Tests use it to see how an update continues
// after AWS has rejected a call.
type InjectedError struct {
	// Service is the call's signing name, Method and Path are its method and path. Path is a pattern of path.Match.
	Service, Method, Path string
	// Status, Code and Message are the error, in the format of the JSON protocols.
	Status        int
	Code, Message string
}

// check rejects an error that no call could match.
func (r InjectedError) check() error {
	if _, err := path.Match(r.Path, ""); err != nil {
		return fmt.Errorf("path %q: %w", r.Path, err)
	}
	if r.Service == "" || r.Method == "" || r.Path == "" || r.Status < 400 || r.Code == "" {
		return fmt.Errorf("service, method, path and code are required and status must be at least 400, got %+v", r)
	}
	return nil
}

// injectedErrors are the errors that no call has matched yet.
type injectedErrors struct {
	mu      sync.Mutex
	pending []InjectedError
}

func (f *injectedErrors) add(r InjectedError) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, r)
}

// next removes and returns the first error that matches a call.
func (f *injectedErrors) next(service string, request *http.Request) (InjectedError, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.pending, func(r InjectedError) bool {
		matched, err := path.Match(r.Path, request.URL.Path)
		return err == nil && matched && r.Service == service && r.Method == request.Method
	})
	if i < 0 {
		return InjectedError{}, false
	}
	found := f.pending[i]
	f.pending = slices.Delete(f.pending, i, i+1)
	return found, true
}

func (g *Gateway) serveInjectError(w http.ResponseWriter, r *http.Request) {
	var injected InjectedError
	err := json.NewDecoder(r.Body).Decode(&injected)
	if err == nil {
		err = injected.check()
	}
	if err != nil {
		http.Error(w, "injected error: "+err.Error(), http.StatusBadRequest)
		return
	}
	g.injectedErrors.add(injected)
	w.WriteHeader(http.StatusNoContent)
}
