package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func invoke(t *testing.T, h *Host, payload string) Response {
	t.Helper()
	r, err := h.Invoke(t.Context(), Request{Function: "f", Payload: []byte(payload)})
	if err != nil {
		t.Fatalf("invoke %s: %v", payload, err)
	}
	return r
}

// invokeAs invokes the function, which must not fail, and decodes its response.
func invokeAs[T any](t *testing.T, h *Host, payload string) T {
	t.Helper()
	r := invoke(t, h, payload)
	if r.FunctionError != "" {
		t.Fatalf("invoke %s: %s: %s", payload, r.FunctionError, r.Payload)
	}
	var v T
	if err := json.Unmarshal(r.Payload, &v); err != nil {
		t.Fatalf("invoke %s: response %s: %v", payload, r.Payload, err)
	}
	return v
}

type identity struct {
	PID     int
	Version string
	Beats   int
}

func TestFailuresAreAsOnAWS(t *testing.T) {
	tests := []struct {
		name, handler, payload string
		timeout                time.Duration
		kind, message          string
		log                    string
	}{
		{"an error that the handler returns", "do", `{"do":"error"}`, 0, "errorString", "the database is on fire", "REPORT RequestId: "},
		{"a panic", "do", `{"do":"panic"}`, 0, "string", "out of cheese", "stackTrace"},
		{"an exit", "do", `{"do":"exit"}`, 0, "Runtime.ExitError", "Runtime exited with error: exit status 7", "Status: error\tError Type: Runtime.ExitError"},
		{"a timeout", "do", `{"do":"sleep","sleep":60000000000}`, time.Second, "Sandbox.Timedout", "Task timed out after 1.00 seconds", "Status: timeout"},
		{"more memory than it has", "do", `{"do":"eat","size":1073741824}`, 0, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed", "Error Type: Runtime.OutOfMemory"},
		{"a response that is too large", "do", `{"do":"big","size":7000000}`, 0, "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).", "REPORT"},
		{"an init that reports an error", "init-error", `{}`, 0, "Config", "DB_HOST is missing", "INIT_REPORT"},
		{"an init that exits", "init-exit", `{}`, 0, "Runtime.ExitError", "Runtime exited with error: exit status 3", "INIT_REPORT"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, _ := newFunction(t, func(s *fakeSource, _ *Config) {
				s.function.Handler = test.handler
				if test.timeout != 0 {
					s.function.Timeout = test.timeout
				}
			})
			r := invoke(t, h, test.payload)
			if r.FunctionError != "Unhandled" {
				t.Errorf("function error %q, want Unhandled", r.FunctionError)
			}
			var got struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal(r.Payload, &got); err != nil {
				t.Fatalf("payload %s: %v", r.Payload, err)
			}
			if got.ErrorType != test.kind || !strings.HasSuffix(got.ErrorMessage, test.message) {
				t.Errorf("got %s, want type %q and a message that ends with %q", r.Payload, test.kind, test.message)
			}
			if !strings.Contains(string(r.LogTail), test.log) {
				t.Errorf("log tail %q lacks %q", r.LogTail, test.log)
			}
		})
	}
}

func TestANewProcessReplacesADeadOne(t *testing.T) {
	h, _ := newFunction(t, nil)
	invoke(t, h, `{"do":"exit"}`)
	first := invokeAs[identity](t, h, `{"do":"identity"}`)
	killed := environmentOf(t, h, first.PID)
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-killed.process.exited
	if second := invokeAs[identity](t, h, `{"do":"identity"}`); second.PID == first.PID {
		t.Errorf("process %d responded after it was killed", first.PID)
	}
}

func TestTheProcessHasOnlyTheDeployedEnvironment(t *testing.T) {
	t.Setenv("DAEMON_SECRET", "must not be seen")
	h, _ := newFunction(t, func(s *fakeSource, c *Config) {
		s.function.Environment = map[string]string{"BUCKET": "b", "AWS_REGION": "mars", "AWS_ENDPOINT_URL": "http://elsewhere"}
		c.Platform = map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "SANDBOX_ROOT": "/s"}
	})
	got := invokeAs[[]string](t, h, `{"do":"environment"}`)
	for _, want := range []string{
		"BUCKET=b", "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "SANDBOX_ROOT=/s",
		"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token", "_HANDLER=do",
		"AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/f", "TZ=:UTC", "LANG=en_US.UTF-8",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("the environment lacks %s", want)
		}
	}
	if i := slices.IndexFunc(got, func(s string) bool { return strings.Contains(s, "DAEMON_SECRET") }); i >= 0 {
		t.Errorf("the environment has the daemon's %s", got[i])
	}
}

func TestFunctionsInAVPCGetNoProxyToTheInternet(t *testing.T) {
	const proxy = "HTTPS_PROXY=http://127.0.0.1:2"
	for name, test := range map[string]struct{ vpc, want bool }{
		"outside a VPC the function reaches the internet": {false, true},
		"in a VPC it does not":                            {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newFunction(t, func(s *fakeSource, c *Config) {
				s.function.VPC = test.vpc
				c.Internet = map[string]string{"HTTPS_PROXY": "http://127.0.0.1:2"}
			})
			if got := slices.Contains(invokeAs[[]string](t, h, `{"do":"environment"}`), proxy); got != test.want {
				t.Errorf("it has %s: %v", proxy, got)
			}
		})
	}
}

func TestTheHandlerSeesTheInvocationsContext(t *testing.T) {
	h, _ := newFunction(t, nil)
	r, err := h.Invoke(t.Context(), Request{Function: "f", Qualifier: "live", Payload: []byte(`{"do":"context"}`), TraceID: "Root=1-2-3"})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ARN, ID, Trace string
		Left           time.Duration
	}
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatalf("%s: %v", r.Payload, err)
	}
	if got.ARN != "arn:aws:lambda:eu-west-1:000000000000:function:f:live" || got.ID != r.RequestID || got.Trace != "Root=1-2-3" {
		t.Errorf("got %+v for request %s", got, r.RequestID)
	}
	if got.Left < 20*time.Second || got.Left > 30*time.Second {
		t.Errorf("%v are left of a timeout of 30 s", got.Left)
	}
}

func TestEnvironmentsAreReusedFrozenAndReplaced(t *testing.T) {
	h, s := newFunction(t, nil)
	first := invokeAs[identity](t, h, `{"do":"identity"}`)
	time.Sleep(time.Second) // about 100 beats if it is not frozen
	second := invokeAs[identity](t, h, `{"do":"identity"}`)
	if second.PID != first.PID {
		t.Fatalf("process %d took over from %d without a reason", second.PID, first.PID)
	}
	if beats := second.Beats - first.Beats; beats > 50 {
		t.Errorf("a background goroutine ran %d times while the environment was frozen", beats)
	}
	changes := []struct {
		name string
		edit func(*fakeSource)
	}{
		{"new code", func(s *fakeSource) { s.deploy(1) }},
		{"a new variable", func(s *fakeSource) { s.function.Environment = map[string]string{"A": "b"} }},
		{"more memory", func(s *fakeSource) { s.function.MemoryMB++ }},
	}
	before := second
	for _, change := range changes {
		s.change(change.edit)
		after := invokeAs[identity](t, h, `{"do":"identity"}`)
		if after.PID == before.PID {
			t.Errorf("%s: process %d still serves", change.name, after.PID)
		}
		waitGone(t, before.PID)
		before = after
	}
	if before.Version != "2" {
		t.Errorf("version %s serves, want 2", before.Version)
	}
	if s.downloads != 2 {
		t.Errorf("the code was downloaded %d times, want once for each zip", s.downloads)
	}
}

func TestEnvironmentsEndWhenIdleOrBeforeTheirCredentialsExpire(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		h, _ := newFunction(t, func(_ *fakeSource, c *Config) { c.Idle = 50 * time.Millisecond })
		waitGone(t, invokeAs[identity](t, h, `{"do":"identity"}`).PID)
	})
	t.Run("credentials about to expire", func(t *testing.T) {
		h, _ := newFunction(t, func(s *fakeSource, _ *Config) { s.credentials.Expires = time.Now().Add(70 * time.Second) })
		first := invokeAs[identity](t, h, `{"do":"identity"}`)
		if second := invokeAs[identity](t, h, `{"do":"identity"}`); second.PID == first.PID {
			t.Errorf("process %d serves with credentials that may expire under it", first.PID)
		}
	})
}

func TestConcurrencyGrowsToItsLimits(t *testing.T) {
	one := 2
	tests := []struct {
		name   string
		edit   func(*fakeSource, *Config)
		reason string
	}{
		{"the account's", func(_ *fakeSource, c *Config) { c.Concurrency = 2 }, "ConcurrentInvocationLimitExceeded"},
		{"the function's reserved", func(s *fakeSource, _ *Config) { s.function.Reserved = &one }, "ReservedFunctionConcurrentInvocationLimitExceeded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, _ := newFunction(t, test.edit)
			var mu sync.Mutex
			pids := map[string]bool{}
			var running sync.WaitGroup
			for range 2 {
				running.Go(func() {
					r, err := h.Invoke(t.Context(), Request{Function: "f", Payload: []byte(`{"do":"sleep","sleep":1500000000}`)})
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					pids[string(r.Payload)] = true
				})
			}
			waitRunning(t, h, 2)
			_, err := h.Invoke(t.Context(), Request{Function: "f", Payload: []byte(`{"do":"identity"}`)})
			var throttle *Error
			if !errors.As(err, &throttle) || throttle.Status != 429 || throttle.Type != "TooManyRequestsException" || throttle.Reason != test.reason {
				t.Errorf("the third invocation: %v, want a throttle for %s", err, test.reason)
			}
			running.Wait()
			if len(pids) != 2 {
				t.Errorf("two invocations at once ran in processes %v, want two", pids)
			}
			invokeAs[identity](t, h, `{"do":"identity"}`)
		})
	}
}

func TestTheNextCallReusesSlotAndEnvironment(t *testing.T) {
	h, _ := newFunction(t, func(_ *fakeSource, c *Config) { c.Concurrency = 1 })
	first := invokeAs[identity](t, h, `{"do":"identity"}`)
	for range 200 {
		if next := invokeAs[identity](t, h, `{"do":"identity"}`); next.PID != first.PID {
			t.Fatalf("process %d took over from %d, which had responded", next.PID, first.PID)
		}
	}
}

func TestRejectedRequests(t *testing.T) {
	h, _ := newFunction(t, nil)
	if _, err := h.Invoke(t.Context(), Request{Function: "g"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown function: %v, want ErrNotFound", err)
	}
	var large *Error
	_, err := h.Invoke(t.Context(), Request{Function: "f", Payload: make([]byte, MaxPayload+1)})
	if !errors.As(err, &large) || large.Status != 413 || large.Type != "RequestTooLargeException" {
		t.Errorf("a payload over the limit: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invoke(t.Context(), Request{Function: "f"}); err == nil {
		t.Error("a closed host invoked")
	}
}

func TestErrorsOfCodeThatCannotRun(t *testing.T) {
	tests := []struct {
		name string
		edit func(*fakeSource)
		want string
	}{
		{"no bootstrap", func(s *fakeSource) { s.put(zipped("main", binaries[0])) }, "Couldn't find valid bootstrap(s)"},
		{"another machine's", func(s *fakeSource) { s.put(zipped("bootstrap", []byte("\x7fELF"))) }, "architecture (x86_64)"},
		{"a zip with another digest than the control plane's", func(s *fakeSource) { s.code = zipped("bootstrap", nil) }, "SHA-256"},
		{"an entry outside the package", func(s *fakeSource) { s.put(zipped("../bootstrap", binaries[0])) }, "leads out of the package"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, _ := newFunction(t, func(s *fakeSource, _ *Config) { test.edit(s) })
			if r := invoke(t, h, `{}`); r.FunctionError == "" || !strings.Contains(string(r.Payload), test.want) {
				t.Errorf("%q %s, want %q", r.FunctionError, r.Payload, test.want)
			}
		})
	}
}

func TestLogsGoToTheFileTheHookAndTheTail(t *testing.T) {
	var mu sync.Mutex
	var hooked []string
	var dir string
	h, _ := newFunction(t, func(_ *fakeSource, c *Config) {
		dir = c.Dir
		c.Logs = func(l LogLine) {
			mu.Lock()
			defer mu.Unlock()
			hooked = append(hooked, l.Text)
			if l.Group != "/aws/lambda/f" || !strings.Contains(l.Stream, "/[1]") {
				t.Errorf("a line in group %q, stream %q", l.Group, l.Stream)
			}
		}
	})
	r := invoke(t, h, `{"do":"print"}`)
	want := []string{"START RequestId: " + r.RequestID + " Version: 1", "hello from the function", "no newline", "END RequestId: " + r.RequestID, "REPORT RequestId: " + r.RequestID + "\tDuration: "}
	file, err := os.ReadFile(filepath.Join(dir, "logs", "f.log"))
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for where, text := range map[string]string{"tail": string(r.LogTail), "file": string(file), "hook": strings.Join(hooked, "\n")} {
		rest := text
		for _, line := range want {
			_, after, found := strings.Cut(rest, line)
			if !found {
				t.Fatalf("the %s lacks %q in its place:\n%s", where, line, text)
			}
			rest = after
		}
		if !strings.Contains(rest, "Init Duration: ") || strings.Contains(rest, "Max Memory Used: 0 MB") {
			t.Errorf("the %s's report lacks the init duration or the memory: %q", where, rest)
		}
	}
}

func TestAFunctionWithAnExtensionReceivesSIGTERM(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	h, s := newFunction(t, func(s *fakeSource, c *Config) {
		s.function.Handler = "sigterm"
		c.Logs = func(l LogLine) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, l.Text)
		}
	})
	first := invokeAs[identity](t, h, `{"do":"identity"}`)
	s.change(func(s *fakeSource) { s.function.MemoryMB++ })
	invokeAs[identity](t, h, `{"do":"identity"}`)
	waitGone(t, first.PID)
	if err := h.Close(); err != nil { // waits until the process's output is logged
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(lines, "got SIGTERM") {
		t.Errorf("no SIGTERM in %q", lines)
	}
}

func TestAnInvocationOutlivesItsCaller(t *testing.T) {
	h, _ := newFunction(t, nil)
	first := invokeAs[identity](t, h, `{"do":"identity"}`)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := h.Invoke(ctx, Request{Function: "f", Payload: []byte(`{"do":"sleep","sleep":600000000}`)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("invoke with a context that ends: %v", err)
	}
	waitRunning(t, h, 0)
	if second := invokeAs[identity](t, h, `{"do":"identity"}`); second.PID != first.PID {
		t.Errorf("process %d was ended with its caller", first.PID)
	}
}

func TestCloseLeavesNoProcess(t *testing.T) {
	h, s := newFunction(t, nil)
	busy := invokeAs[identity](t, h, `{"do":"identity"}`)
	var calls sync.WaitGroup
	calls.Go(func() {
		_, _ = h.Invoke(t.Context(), Request{Function: "f", Payload: []byte(`{"do":"sleep","sleep":20000000000}`)})
	})
	time.Sleep(300 * time.Millisecond)
	s.change(func(s *fakeSource) { s.function.MemoryMB++ }) // busy has an old configuration now
	idle := invokeAs[identity](t, h, `{"do":"identity"}`)
	start := time.Now()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("closing took %v", took)
	}
	waitGone(t, busy.PID)
	waitGone(t, idle.PID)
}

// environmentOf returns the environment of the process.
func environmentOf(t *testing.T, h *Host, pid int) *environment {
	t.Helper()
	h.live.mu.Lock()
	defer h.live.mu.Unlock()
	for env := range h.live.members {
		if env.process.PID() == pid {
			return env
		}
	}
	t.Fatalf("no environment has process %d", pid)
	return nil
}

// waitRunning waits up to 20 s for this number of running invocations. One that has ended has left its environment to
// the next.
func waitRunning(t *testing.T, h *Host, want int) {
	t.Helper()
	var got int
	for range 2000 {
		h.admit.mu.Lock()
		got = h.admit.running
		h.admit.mu.Unlock()
		if got == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d invocations run, want %d", got, want)
}

// waitGone waits up to 5 s until the process has exited. A zombie (state Z) has exited.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for range 500 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, state, _ := strings.Cut(string(stat), ") "); err != nil || strings.HasPrefix(state, "Z") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}
