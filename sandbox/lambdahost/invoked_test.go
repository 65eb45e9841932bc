package lambdahost

import (
	"io"
	"testing"
	"time"
)

func TestEachInvocationIsReported(t *testing.T) {
	reported := make(chan Invoked, 10)
	h, _ := newFunction(t, func(_ *fakeSource, c *Config) { c.Concurrency, c.Invoked = 1, func(i Invoked) { reported <- i } })
	for payload, failed := range map[string]bool{`{"do":"identity"}`: false, `{"do":"error"}`: true, `{"do":"exit"}`: true} {
		invoke(t, h, payload)
		got := <-reported
		if got.Failed != failed || got.Throttled || got.Function.Name != "f" || got.Duration <= 0 || time.Since(got.Start) > time.Minute || got.Concurrent != 1 || got.All != 1 {
			t.Errorf("%s: %+v", payload, got)
		}
	}
	s := stream(t, h, `{"do":"slow-stream","size":10,"sleep":1000000000}`)
	if _, err := h.Invoke(t.Context(), Request{Function: "f"}); err == nil {
		t.Fatal("it is not throttled")
	}
	if got := <-reported; !got.Throttled || got.Failed || got.Duration != 0 {
		t.Errorf("of a throttled invocation: %+v", got)
	}
	if _, err := io.Copy(io.Discard, s.Body); err != nil {
		t.Fatal(err)
	}
	if got := <-reported; got.Failed || got.Throttled {
		t.Errorf("of a stream: %+v", got)
	}
}

func TestAFailureInAStreamThatHasBegunIsReported(t *testing.T) {
	reported := make(chan Invoked, 1)
	h, _ := newFunction(t, func(s *fakeSource, c *Config) {
		s.function.Timeout, c.Invoked = time.Second, func(i Invoked) { reported <- i }
	})
	s := stream(t, h, `{"do":"slow-stream","size":10,"sleep":60000000000}`)
	if _, err := io.Copy(io.Discard, s.Body); err == nil {
		t.Fatal("the stream ends without an error")
	}
	if got := <-reported; !got.Failed {
		t.Errorf("got %+v", got)
	}
}
