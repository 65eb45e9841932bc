package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// lifetime is the timeout of every invocation: Lambda's maximum.
const lifetime = 15 * time.Minute

// streamed is the content type of a response that starts with a prelude.
const streamed = "application/vnd.awslambda.http-integration-response"

// invocation is one request to a candidate.
type invocation struct {
	event  []byte
	result chan result // buffered
	began  time.Time   // when a process received it
}

// result is the outcome of an invocation.
type result struct {
	at        time.Time     // when the response was complete
	took      time.Duration // since a process received the event
	firstByte time.Duration // likewise, to the first byte of a stream's body
	body      []byte        // of a buffered response
	bytes     int64         // of a stream's body
	err       error
}

func newInvocation(event []byte) *invocation {
	return &invocation{event: event, result: make(chan result, 1)}
}

func (i *instance) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", i.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", i.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", i.serveError)
	return mux
}

func (i *instance) serveNext(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	if !i.seen {
		i.seen = true
		i.polled <- time.Since(i.started)
	}
	i.mu.Unlock()
	select {
	case next := <-i.work:
		i.mu.Lock()
		i.current = next
		i.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(lifetime).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:api")
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
		next.began = time.Now()
		_, _ = w.Write(next.event) // a process that has exited sends no response
	case <-r.Context().Done():
	}
}

func (i *instance) serveResponse(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	inv := i.current
	i.mu.Unlock()
	var got result
	if r.Header.Get("Content-Type") == streamed {
		got = readStream(r.Body, inv.began)
	} else {
		got.body, got.err = io.ReadAll(r.Body)
	}
	got.at = time.Now()
	got.took = got.at.Sub(inv.began)
	w.WriteHeader(http.StatusAccepted)
	inv.result <- got
}

func (i *instance) serveError(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	inv := i.current
	i.mu.Unlock()
	report, err := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusAccepted)
	if inv != nil {
		inv.result <- result{err: errors.Join(fmt.Errorf("the function failed: %s", report), err)}
	}
}

// readStream reads a streamed response to its end and discards it.
func readStream(body io.Reader, began time.Time) (got result) {
	buffer := make([]byte, 256<<10)
	prelude, delimiter := []byte{}, make([]byte, 8)
	for {
		n, err := body.Read(buffer)
		if prelude != nil {
			prelude = append(prelude, buffer[:n]...)
			if end := bytes.Index(prelude, delimiter); end >= 0 {
				n, prelude = len(prelude)-end-len(delimiter), nil
			} else {
				n = 0
			}
		}
		if n > 0 && got.bytes == 0 {
			got.firstByte = time.Since(began)
		}
		got.bytes += int64(n)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				got.err = err
			}
			return got
		}
	}
}
