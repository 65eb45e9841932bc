package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// ErrNotInitialized means that new code failed in its init phase.
var ErrNotInitialized = errors.New("the new code does not start")

// Session swaps the code of functions until it is closed.
type Session struct {
	layout layout.Layout
	id     string
	ended  chan struct{}
	close  context.CancelFunc
}

// OpenSession opens a session with the running daemon. The caller must close it.
func OpenSession(ctx context.Context, l layout.Layout) (*Session, error) {
	ctx, cancel := context.WithCancel(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://sandbox/sessions", http.NoBody)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open a session: %w", err)
	}
	response, err := send(l, request, 0) //nolint:bodyclose // closed when the session ends
	if err != nil {
		cancel()
		return nil, err
	}
	s := &Session{layout: l, ended: make(chan struct{}), close: cancel}
	decoder := json.NewDecoder(response.Body)
	if err := decoder.Decode(&s.id); err != nil {
		cancel()
		return nil, errors.Join(fmt.Errorf("open a session (%s): %w", response.Status, err), response.Body.Close())
	}
	go func() {
		_, _ = io.Copy(io.Discard, response.Body) // until the daemon or Close ends it
		_ = response.Body.Close()
		close(s.ended)
	}()
	return s, nil
}

// Ended returns a channel that is closed when the session has ended: it was closed, or the daemon has stopped.
func (s *Session) Ended() <-chan struct{} { return s.ended }

// Close ends the session: the functions run their deployed code again.
func (s *Session) Close() {
	s.close()
	<-s.ended
}

// Swap replaces a function's code for the session. It returns when new invocations run it, and ErrNotInitialized with
// the reason if it does not start.
func (s *Session) Swap(ctx context.Context, function string, code Code) error {
	body, err := json.Marshal(code)
	if err != nil {
		return fmt.Errorf("swap the code of %s: %w", function, err)
	}
	path := "/sessions/" + url.PathEscape(s.id) + "/functions/" + url.PathEscape(function)
	if err := exchange(ctx, s.layout, http.MethodPut, path, body, nil); err != nil {
		return fmt.Errorf("swap the code of %s: %w", function, err)
	}
	return nil
}

// FunctionHandler returns the handler of a deployed function.
func FunctionHandler(ctx context.Context, l layout.Layout, function string) (string, error) {
	var f Handler
	err := exchange(ctx, l, http.MethodGet, "/functions/"+url.PathEscape(function), nil, &f)
	return f.Handler, err
}

// Invoke invokes a function and waits for its result, however long it takes.
func Invoke(ctx context.Context, l layout.Layout, function string, payload []byte) (Invocation, error) {
	var result Invocation
	err := exchange(ctx, l, http.MethodPost, "/functions/"+url.PathEscape(function)+"/invocations", payload, &result)
	return result, err
}

// exchange sends a request without a timeout and decodes the response into out, if it is not nil. The error of a
// rejected request is what the daemon says.
func exchange(ctx context.Context, l layout.Layout, method, path string, body []byte, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://sandbox"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := send(l, request, 0)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < http.StatusMultipleChoices && out != nil {
		return read(response, path, out)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the sandbox's response to %s (%s): %w", path, response.Status, err)
	}
	switch {
	case response.StatusCode < http.StatusMultipleChoices:
		return nil
	case response.StatusCode == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %s", ErrNotInitialized, strings.TrimSpace(string(text)))
	}
	return errors.New(strings.TrimSpace(string(text)))
}
