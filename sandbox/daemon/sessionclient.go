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
	response, err := send(l, request, 0)
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
	path := "http://sandbox/sessions/" + url.PathEscape(s.id) + "/functions/" + url.PathEscape(function)
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("swap the code of %s: %w", function, err)
	}
	response, err := send(s.layout, request, 0)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusNoContent {
		return nil
	}
	reason, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("swap the code of %s (%s): %w", function, response.Status, err)
	}
	text := strings.TrimSpace(string(reason))
	if response.StatusCode == http.StatusUnprocessableEntity {
		return fmt.Errorf("%w: %s", ErrNotInitialized, text)
	}
	return fmt.Errorf("swap the code of %s: %s", function, text)
}
