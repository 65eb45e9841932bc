package daemon

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// openSession opens a session of make dev and returns its ID. It lasts as long as the request: when the client ends for
// any reason, the functions run their deployed code again.
func (s *server) openSession(w http.ResponseWriter, r *http.Request) {
	session := rand.Text()
	s.account.host.Admit(session)
	defer s.account.host.Restore(session)
	_ = json.NewEncoder(w).Encode(session) // a client that has disconnected ends the request
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done() // also when the daemon stops
}

// Code is what a function runs in a session.
type Code struct {
	Qualifier string               `json:"qualifier"` // alias or version whose code is replaced
	Binary    string               `json:"binary"`    // path of the executable
	Debugger  *lambdahost.Debugger `json:"debugger"`  // nil: none
}

// swap replaces a function's code for the session. A code that does not initialize is answered with 422 and the reason.
func (s *server) swap(w http.ResponseWriter, r *http.Request) {
	var code Code
	if err := json.NewDecoder(r.Body).Decode(&code); err != nil {
		http.Error(w, "code: "+err.Error(), http.StatusBadRequest)
		return
	}
	err := s.account.host.Swap(r.Context(), code.Qualifier, lambdahost.Swap{
		Function: r.PathValue("name"), Binary: code.Binary, Owner: r.PathValue("session"), Debugger: code.Debugger,
	})
	var failure *lambdahost.FunctionError
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.As(err, &failure):
		http.Error(w, fmt.Sprintf("%s: %s", failure.Type, failure.Message), http.StatusUnprocessableEntity)
	default:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// Handler is the handler of a function, which selects what its binary does.
type Handler struct {
	Handler string `json:"handler"`
}

func (s *server) function(w http.ResponseWriter, r *http.Request) {
	f, err := s.account.gateway.Function(r.Context(), r.PathValue("name"), "")
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(Handler{f.Handler}) // the client may have disconnected
}

// Invocation is the result of an invocation.
type Invocation struct {
	Payload json.RawMessage `json:"payload"`
	Failed  bool            `json:"failed"` // the payload describes the error
}

// invoke invokes the newest code of a function as a deployment does.
func (s *server) invoke(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambdahost.MaxPayload))
	if err != nil {
		http.Error(w, "read the event: "+err.Error(), http.StatusBadRequest)
		return
	}
	response, err := s.account.host.Invoke(r.Context(), lambdahost.Request{Function: r.PathValue("name"), Payload: payload})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(Invocation{response.Payload, response.FunctionError != ""}) // the client may have disconnected
}
