package lambdahost

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// underDebugger returns a host whose function runs under a program with Delve's arguments, which starts the function
// as its child.
func underDebugger(t *testing.T, edit func(*fakeSource, *Config)) (*Host, *fakeSource) {
	t.Helper()
	debugger := filepath.Join(t.TempDir(), "dlv")
	script := "#!/bin/sh\nfor program; do :; done\n\"$program\"\n"
	if err := os.WriteFile(debugger, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	h, s := newFunction(t, edit)
	err := h.Swap(t.Context(), "live", Swap{
		Function: "f", Binary: builtFunction(2), Owner: "test", Debugger: &Debugger{Program: debugger, Address: "127.0.0.1:1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, s
}

func TestNoLimitEndsAnInvocationUnderADebugger(t *testing.T) {
	for name, test := range map[string]struct {
		payload string
		edit    func(*fakeSource, *Config)
	}{
		"the function's timeout": {`{"do":"sleep","sleep":1500000000}`, func(s *fakeSource, _ *Config) { s.function.Timeout = time.Second }},
		"its memory":             {`{"do":"eat","size":300000000}`, func(*fakeSource, *Config) {}},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := underDebugger(t, test.edit)
			if r := invoke(t, h, test.payload); r.FunctionError != "" {
				t.Errorf("%s", r.Payload)
			}
		})
	}
	t.Run("the deadline that the function sees is a day away", func(t *testing.T) {
		h, _ := underDebugger(t, nil)
		got := invokeAs[struct{ Left time.Duration }](t, h, `{"do":"context"}`)
		if got.Left < debugTimeout-time.Minute {
			t.Errorf("%s are left", got.Left)
		}
	})
}

func TestInvocationsUnderADebuggerShareItsEnvironment(t *testing.T) {
	h, s := underDebugger(t, func(_ *fakeSource, c *Config) { c.Idle = 20 * time.Millisecond })
	var callers sync.WaitGroup
	pids := make(chan int, 8)
	for range cap(pids) {
		callers.Go(func() { pids <- invokeAs[identity](t, h, `{"do":"identity"}`).PID })
	}
	callers.Wait()
	close(pids)
	first := <-pids
	for pid := range pids {
		if pid != first {
			t.Errorf("processes %d and %d answered", first, pid)
		}
	}
	time.Sleep(100 * time.Millisecond) // several times Idle
	if after := wantVersion(t, h, "2"); after.PID != first {
		t.Errorf("the idle process %d was replaced by %d", first, after.PID)
	}
	t.Run("and it makes way for that of another version", func(t *testing.T) {
		s.change(func(s *fakeSource) { s.function.Version = "$LATEST" })
		if other := wantVersion(t, h, "2"); other.PID == first {
			t.Errorf("process %d runs two versions", first)
		}
		s.change(func(s *fakeSource) { s.function.Version = "1" })
		first = wantVersion(t, h, "2").PID
	})
	t.Run("and it ends with its debugger when the deployed code is restored", func(t *testing.T) {
		h.Restore("test")
		waitGone(t, first)
		wantVersion(t, h, "1")
		waitEmpty(t, h.swaps)
	})
}

func TestTheEndOfASessionEndsAnInvocationAtABreakpoint(t *testing.T) {
	h, _ := underDebugger(t, nil)
	stopped := invokeAs[identity](t, h, `{"do":"identity"}`)
	response := make(chan Response, 1)
	go func() {
		r, err := h.Invoke(t.Context(), Request{Function: "f", Payload: []byte(`{"do":"sleep","sleep":3600000000000}`)})
		if err != nil {
			t.Error(err)
		}
		response <- r
	}()
	awaitBusy(t, h)
	h.Restore("test")
	if r := <-response; r.FunctionError == "" {
		t.Errorf("the invocation ended with %s", r.Payload)
	}
	waitGone(t, stopped.PID)
	wantVersion(t, h, "1")
}

// awaitBusy waits until no environment is idle.
func awaitBusy(t *testing.T, h *Host) {
	t.Helper()
	for range 500 {
		h.mu.Lock()
		idle := 0
		for _, p := range h.pools {
			p.mu.Lock()
			idle += len(p.idle)
			p.mu.Unlock()
		}
		h.mu.Unlock()
		if idle == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("an environment is still idle")
}
