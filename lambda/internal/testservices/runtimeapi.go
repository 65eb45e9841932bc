package testservices

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// RuntimeAPI is a Lambda Runtime API for one execution environment.
type RuntimeAPI struct {
	events    chan any
	responses chan *http.Request // the body is read before done is signalled
	done      chan struct{}
	// Failed has the report of a function that could not start.
	Failed chan string
}

// NewRuntimeAPI starts a RuntimeAPI and returns it with its address.
func NewRuntimeAPI(t *testing.T) (*RuntimeAPI, string) {
	api := &RuntimeAPI{events: make(chan any), responses: make(chan *http.Request), done: make(chan struct{}), Failed: make(chan string, 1)}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	return api, strings.TrimPrefix(server.URL, "http://")
}

// ServeHTTP implements http.Handler.
func (a *RuntimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/invocation/next"):
		select {
		case event := <-a.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "invocation")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(2*time.Minute).UnixMilli()))
			_ = json.NewEncoder(w).Encode(event)
		case <-r.Context().Done():
		}
	case strings.HasSuffix(r.URL.Path, "/init/error"):
		body, _ := io.ReadAll(r.Body)
		a.Failed <- string(body)
		w.WriteHeader(http.StatusAccepted)
	default:
		a.responses <- r
		select {
		case <-a.done:
		case <-r.Context().Done(): // the test has failed
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// Invoke sends an event and calls read with the response.
func (a *RuntimeAPI) Invoke(event any, read func(*http.Request)) {
	a.events <- event
	read(<-a.responses)
	a.done <- struct{}{}
}

// Main is the TestMain of a package whose tests Start its program: the test binary runs the function if it is started as one.
func Main(m *testing.M, function func()) {
	if os.Getenv("_HANDLER") != "" {
		function()
		return
	}
	os.Exit(m.Run())
}

// Start runs this test binary as the function, in a process of its own. The package must call Main.
func Start(t *testing.T, name, runtimeAddress string, env ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append([]string{"_HANDLER=" + name, "AWS_LAMBDA_RUNTIME_API=" + runtimeAddress}, env...)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the function's log:\n%s", log.String())
		}
	})
	return cmd
}
