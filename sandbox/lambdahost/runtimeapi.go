package lambdahost

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/google/uuid"
)

// Headers and trailers of the Runtime API.
const (
	headerRequestID     = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline      = "Lambda-Runtime-Deadline-Ms"
	headerFunctionARN   = "Lambda-Runtime-Invoked-Function-Arn"
	headerTraceID       = "Lambda-Runtime-Trace-Id"
	headerClientContext = "Lambda-Runtime-Client-Context"
	headerErrorType     = "Lambda-Runtime-Function-Error-Type" // header of errors, trailer of streams
	trailerErrorBody    = "Lambda-Runtime-Function-Error-Body" // base64
)

// runtimeAPI serves the Lambda Runtime API, and the calls of the Extensions API with which a runtime registers for
// SIGTERM.
//
// Streaming: according to the documentation, the runtime sends Lambda-Runtime-Function-Response-Mode: streaming.
// aws-lambda-go never does and still streams on AWS, always sending chunks and error trailers. So the kind of the
// invocation decides here, not that header.
func (e *environment) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.serveInitError)
	mux.HandleFunc("POST /2020-01-01/extension/register", e.serveRegister)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // a runtime's own extension registers for no events
	})
	return mux
}

func (e *environment) serveNext(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	inv := e.current
	e.mu.Unlock()
	if inv != nil && !closed(inv.responded) {
		writeError(w, http.StatusForbidden, "InvalidStateTransition", "the current invocation has no response yet")
		return
	}
	select {
	case e.ready <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	select {
	case inv = <-e.work:
	case <-r.Context().Done():
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set(headerRequestID, inv.id)
	h.Set(headerDeadline, strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set(headerFunctionARN, inv.function.ARN)
	h.Set(headerTraceID, inv.request.TraceID)
	if inv.request.ClientContext != "" {
		h.Set(headerClientContext, inv.request.ClientContext)
	}
	_, _ = w.Write(inv.request.Payload) // a runtime that has disconnected is detected by its exit
}

// claim returns the invocation to which the request responds, or rejects the request: an invocation has one response,
// even one that was too large (invocationerror.go of github.com/aws/aws-lambda-runtime-interface-emulator).
func (e *environment) claim(w http.ResponseWriter, r *http.Request) *invocation {
	inv := e.running(r.PathValue("id"))
	switch {
	case inv == nil:
		writeError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil
	case closed(inv.responded):
		writeError(w, http.StatusForbidden, "InvalidStateTransition", "the invocation has a response")
		return nil
	}
	return inv
}

func (e *environment) serveResponse(w http.ResponseWriter, r *http.Request) {
	inv := e.claim(w, r)
	if inv == nil {
		return
	}
	receive := receiveBuffered
	if inv.stream {
		receive = receiveStream
		markStreamed(r)
	}
	err := receive(inv, r)
	inv.respond()
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", err.Error())
		return
	}
	accept(w)
}

// receiveBuffered reads a complete response. Its error is for the runtime.
func receiveBuffered(inv *invocation, r *http.Request) error {
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxResponse+1))
	switch {
	case len(payload) > MaxResponse:
		err := fmt.Errorf("Exceeded maximum allowed payload size (%d bytes).", MaxResponse) //nolint:revive,staticcheck // the platform's words
		inv.fail(tooLarge("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponse))
		return err
	case err != nil:
		return nil //nolint:nilerr // the runtime has aborted: the failure is its exit or the timeout
	}
	if failure := trailerFailure(r.Trailer); failure != nil {
		inv.fail(failure)
		return nil
	}
	inv.setPayload(payload)
	return nil
}

// receiveStream forwards the response as it arrives. After the client has disconnected, it still reads the response to its
// end, because AWS does not stop the function.
func receiveStream(inv *invocation, r *http.Request) error {
	writer := inv.begin(r.Header.Get("Content-Type"))
	if writer == nil {
		return nil // has failed
	}
	body := io.LimitReader(&paced{from: r.Body, rate: inv.rate}, MaxStream+1)
	n, err := io.Copy(writer, body)
	if errors.Is(err, io.ErrClosedPipe) {
		var rest int64
		rest, err = io.Copy(io.Discard, body)
		n += rest
	}
	if n > MaxStream {
		inv.fail(tooLarge("Response stream exceeded maximum allowed size (%d bytes).", MaxStream))
		return fmt.Errorf("Exceeded maximum allowed payload size (%d bytes).", MaxStream) //nolint:revive,staticcheck // the platform's words
	}
	if err != nil {
		return nil //nolint:nilerr // the runtime has aborted: the failure is its exit or the timeout
	}
	if failure := trailerFailure(r.Trailer); failure != nil {
		inv.fail(failure)
		return nil
	}
	return writer.Close()
}

func tooLarge(format string, limit int) *FunctionError {
	message := fmt.Sprintf(format, limit)
	return &FunctionError{
		Type: "Function.ResponseSizeTooLarge", Message: message,
		Payload: failurePayload("Function.ResponseSizeTooLarge", message),
	}
}

// trailerFailure returns the failure that a runtime reports after an incomplete body.
func trailerFailure(trailer http.Header) *FunctionError {
	kind := trailer.Get(headerErrorType)
	if kind == "" {
		return nil
	}
	payload, err := base64.StdEncoding.DecodeString(trailer.Get(trailerErrorBody))
	if err != nil || len(payload) == 0 {
		payload = failurePayload(kind, "")
	}
	return reportedFailure(kind, payload)
}

func (e *environment) serveError(w http.ResponseWriter, r *http.Request) {
	inv := e.claim(w, r)
	if inv == nil {
		return
	}
	failure, err := readFailure(r)
	if err != nil {
		return // the runtime has aborted: the failure is its exit or the timeout
	}
	inv.fail(failure)
	inv.respond()
	accept(w)
}

func (e *environment) serveInitError(w http.ResponseWriter, r *http.Request) {
	failure, err := readFailure(r)
	if err != nil {
		return // the runtime has aborted: the failure is its exit or the timeout
	}
	accept(w)
	select {
	case e.initFailed <- failure:
	default: // only the first counts
	}
}

func readFailure(r *http.Request) (*FunctionError, error) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxResponse))
	if err != nil {
		return nil, err
	}
	return reportedFailure(r.Header.Get(headerErrorType), payload), nil
}

func (e *environment) serveRegister(w http.ResponseWriter, _ *http.Request) {
	e.sigterm.Store(true)
	w.Header().Set("Lambda-Extension-Identifier", uuid.NewString())
	writeJSON(w, http.StatusOK, map[string]string{
		"functionName": e.function.Name, "functionVersion": e.function.Version, "handler": e.function.Handler,
	})
}

func accept(w http.ResponseWriter) {
	writeJSON(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func writeError(w http.ResponseWriter, status int, kind, message string) {
	writeJSON(w, status, map[string]string{"errorType": kind, "errorMessage": message})
}

func writeJSON(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a runtime that has disconnected is detected by its exit
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
