package e2e

import (
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"strings"
	"testing"
	"time"
)

// debuggerAddress is where the tests' debugger listens.
const debuggerAddress = "127.0.0.1:22345"

// stopped is longer than API Gateway's integration timeout and the function's timeouts.
const stopped = 32 * time.Second

// debugger is a client of Delve's API, JSON-RPC 1.0 (github.com/go-delve/delve, Documentation/api). The types have what
// is used of it.
type debugger struct{ *rpc.Client }

type breakpoint struct {
	ID           int    `json:"id,omitempty"`
	FunctionName string `json:"functionName,omitempty"`
}

func attachDebugger(t *testing.T) debugger {
	t.Helper()
	for range 300 {
		client, err := jsonrpc.Dial("tcp", debuggerAddress)
		if err == nil {
			return debugger{client}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("no debugger listens on %s", debuggerAddress)
	return debugger{}
}

func (d debugger) call(t *testing.T, method string, in, out any) {
	t.Helper()
	if err := d.Call("RPCServer."+method, in, out); err != nil {
		t.Fatalf("debugger: %s: %v", method, err)
	}
}

// command halts or continues the function and returns the name of the function in which it stopped.
func (d debugger) command(name string) (string, error) {
	var out struct {
		State struct {
			CurrentThread *struct {
				Function *struct {
					Name string `json:"name"`
				} `json:"function"`
			} `json:"currentThread"`
		}
	}
	if err := d.Call("RPCServer.Command", map[string]string{"name": name}, &out); err != nil {
		return "", err
	}
	if thread := out.State.CurrentThread; thread != nil && thread.Function != nil {
		return thread.Function.Name, nil
	}
	return "", nil
}

// evaluate returns the value of an expression where the function has stopped.
func (d debugger) evaluate(t *testing.T, expression string) string {
	t.Helper()
	var out struct {
		Variable struct {
			Value string `json:"value"`
		}
	}
	d.call(t, "Eval", map[string]any{
		"Scope": map[string]any{"GoroutineID": -1, "Frame": 0}, "Expr": expression,
		"Cfg": map[string]any{"FollowPointers": true, "MaxStringLen": 64, "MaxArrayValues": 8, "MaxStructFields": -1},
	}, &out)
	return out.Variable.Value
}

// atBreakpoint is a request that a debugger has stopped.
type atBreakpoint struct {
	loop     *loop
	debugger debugger
	since    time.Time
	answered chan string
}

// stopAtBreakpoint starts make dev with a debugger, sets a breakpoint and sends a request that reaches it.
func stopAtBreakpoint(t *testing.T, out outputs) *atBreakpoint {
	t.Helper()
	l := startLoop(t, repository(t), "--debug", "--debugger", debuggerAddress)
	l.await(t, "debugger: attach to "+debuggerAddress)
	if status, body, err := text(out, "/items/e2e-1"); err != nil || status != http.StatusOK {
		t.Fatalf("under the debugger: %d %s, %v", status, body, err)
	}
	d := attachDebugger(t)
	if _, err := d.command("halt"); err != nil {
		t.Fatal(err)
	}
	var set struct{ Breakpoint breakpoint }
	d.call(t, "CreateBreakpoint", map[string]any{"Breakpoint": breakpoint{FunctionName: "github.com/didomi/serverless-api/lambda/handler.(*Handler).getItem"}}, &set)
	b := &atBreakpoint{loop: l, debugger: d, answered: make(chan string, 1)}
	reached := make(chan string, 1)
	go func() {
		at, err := d.command("continue")
		if err != nil {
			at = err.Error()
		}
		reached <- at
	}()
	go func() {
		status, body, err := text(out, "/items/e2e-1")
		answer := http.StatusText(status) + " " + body
		if err != nil {
			answer = err.Error()
		}
		b.answered <- answer
	}()
	if at := <-reached; !strings.HasSuffix(at, ".getItem") {
		t.Fatalf("the function stopped in %q", at)
	}
	b.since = time.Now()
	return b
}

// finish continues the request when it has waited for longer than any limit, and checks its response.
func (b *atBreakpoint) finish(t *testing.T) {
	t.Helper()
	defer b.loop.kill()
	time.Sleep(time.Until(b.since.Add(stopped)))
	select {
	case answer := <-b.answered:
		t.Fatalf("the request was answered at the breakpoint: %s", answer)
	default:
	}
	if method := b.debugger.evaluate(t, "r.method"); method != http.MethodGet {
		t.Errorf("the request's method is %q", method)
	}
	b.debugger.call(t, "ClearBreakpoint", map[string]int{"Id": 1}, &struct{}{})
	go func() { _, _ = b.debugger.command("continue") }() // until the function ends
	if answer := <-b.answered; !strings.HasPrefix(answer, "OK {") || !strings.Contains(answer, "e2e-1") {
		t.Errorf("the request was answered %s", answer)
	}
	_ = b.debugger.Close()
	b.loop.end(t)
}
