package lambdahost

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// builtFunction is the path of a version of the test function.
func builtFunction(version int) string {
	return filepath.Join(binaryDir, []string{"0", "1"}[version-1])
}

// swapTo swaps the test function's code for a version of it.
func swapTo(t *testing.T, h *Host, version int) {
	t.Helper()
	if err := h.Swap(t.Context(), "live", Swap{Function: "f", Binary: builtFunction(version), Owner: "test"}); err != nil {
		t.Fatal(err)
	}
}

func wantVersion(t *testing.T, h *Host, want string) identity {
	t.Helper()
	got := invokeAs[identity](t, h, `{"do":"identity"}`)
	if got.Version != want {
		t.Errorf("version %s of the code answers, want %s", got.Version, want)
	}
	return got
}

func TestSwappedCodeRunsInPlaceOfDeployedCode(t *testing.T) {
	h, s := newFunction(t, nil)
	old := wantVersion(t, h, "1")
	swapTo(t, h, 2)
	wantVersion(t, h, "2")
	waitGone(t, old.PID)
	t.Run("until the owner restores it", func(t *testing.T) {
		h.Restore("another owner")
		swapped := wantVersion(t, h, "2")
		h.Restore("test")
		wantVersion(t, h, "1")
		waitGone(t, swapped.PID)
		waitEmpty(t, h.swaps)
	})
	t.Run("until other code is deployed", func(t *testing.T) {
		h.Admit("test")
		swapTo(t, h, 2)
		wantVersion(t, h, "2")
		s.change(func(s *fakeSource) { s.put(zipped("bootstrap", append([]byte(nil), append(binaries[0], 0)...))) })
		wantVersion(t, h, "1")
	})
}

// waitEmpty waits until the directory has no entries.
func waitEmpty(t *testing.T, dir string) {
	t.Helper()
	for range 500 {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s still has files", dir)
}

func TestTheSwappedCodeAnswersFromAnInitializedEnvironment(t *testing.T) {
	h, _ := newFunction(t, nil)
	swapTo(t, h, 2)
	h.mu.Lock()
	var idle []*environment
	for _, p := range h.pools {
		idle = append(idle, p.idle...)
	}
	h.mu.Unlock()
	if got := wantVersion(t, h, "2"); len(idle) != 1 || idle[0].process.PID() != got.PID {
		t.Errorf("process %d answered; %d environments were initialized by the swap", got.PID, len(idle))
	}
}

func TestARunningInvocationEndsOnTheCodeThatItBeganWith(t *testing.T) {
	h, _ := newFunction(t, nil)
	first := invokeAs[identity](t, h, `{"do":"identity"}`)
	s := stream(t, h, `{"do":"slow-stream","size":10,"sleep":1000000000}`)
	swapTo(t, h, 2)
	wantVersion(t, h, "2")
	environmentOf(t, h, first.PID) // fails when the process has ended
	if _, err := s.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Body.Close(); err != nil {
		t.Fatal(err)
	}
	waitGone(t, first.PID)
}

func TestNoInvocationFailsThroughSwaps(t *testing.T) {
	h, _ := newFunction(t, nil)
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := h.Invoke(t.Context(), Request{Function: "f", Payload: []byte(`{"do":"identity"}`)})
				if err != nil || r.FunctionError != "" {
					t.Errorf("%v, %s", err, r.Payload)
					return
				}
			}
		})
	}
	for i := range 6 {
		swapTo(t, h, 2-i%2)
	}
	close(stop)
	callers.Wait()
	wantVersion(t, h, "1")
}

func TestCodeThatDoesNotInitializeIsNotSwappedIn(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	h, _ := newFunction(t, nil)
	wantVersion(t, h, "1")
	err := h.Swap(t.Context(), "live", Swap{Function: "f", Binary: broken, Owner: "test"})
	var failure *FunctionError
	if !errors.As(err, &failure) || failure.Type != "Runtime.ExitError" {
		t.Errorf("the swap returned %v", err)
	}
	wantVersion(t, h, "1")
	waitEmpty(t, h.swaps)
}

func TestASwapWhoseOwnerEndsMeanwhileDoesNotComeIntoEffect(t *testing.T) {
	h, s := newFunction(t, nil)
	s.change(func(s *fakeSource) { s.starting = func() { h.Restore("test") } })
	if err := h.Swap(t.Context(), "live", Swap{Function: "f", Binary: builtFunction(2), Owner: "test"}); !errors.Is(err, errNoOwner) {
		t.Errorf("the swap returned %v", err)
	}
	wantVersion(t, h, "1")
	waitEmpty(t, h.swaps)
}

func TestCodeThatWasDeployedSinceRunsUnderNoDebugger(t *testing.T) {
	h, s := newFunction(t, nil)
	f, err := s.Function(t.Context(), "f", "live")
	if err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	h.swapped["f"] = &swapped{qualifier: "live", replaces: f.CodeSHA256, debug: newDebugging(Debugger{})}
	h.mu.Unlock()
	if !h.Debugged("f") {
		t.Error("the swapped code does not count as debugged")
	}
	s.change(func(s *fakeSource) { s.put(zipped("bootstrap", append([]byte(nil), append(binaries[0], 0)...))) })
	if h.Debugged("f") {
		t.Error("the deployed code counts as debugged")
	}
}
