package lambdahost

import (
	"math"
	"time"
)

// invoke runs the invocation and reports whether the environment can run another one.
func (e *environment) invoke(inv *invocation) bool {
	start := time.Now()
	inv.deadline = start.Add(inv.function.Timeout)
	timer := time.NewTimer(inv.function.Timeout)
	defer timer.Stop()
	e.log.follow(&inv.tail)
	e.log.printf("START RequestId: %s Version: %s", inv.id, inv.function.Version)
	e.setCurrent(inv)
	e.wake()
	failure := e.await(inv, timer)
	if failure != nil {
		e.kill()
		<-e.process.exited
		inv.fail(failure)
	} else {
		// No effect on a complete response; the runtime may have aborted its own.
		inv.abort(newFailure(inv.id, "Runtime.NoResponse", "the runtime requested the next invocation before its response"))
	}
	e.setCurrent(nil)
	inv.took = time.Since(start)
	e.report(inv, inv.took, failure)
	return failure == nil
}

// await passes the invocation to the runtime and waits until it requests the next one, or for a reason to end the
// environment.
func (e *environment) await(inv *invocation, timer *time.Timer) *FunctionError {
	select {
	case e.work <- inv:
	case <-e.process.exited:
		return e.exitFailure(inv.id)
	case <-timer.C:
		return timedOut(inv)
	}
	select {
	case <-e.ready:
		return nil
	case <-e.process.exited:
		return e.exitFailure(inv.id)
	case <-timer.C:
		return timedOut(inv)
	}
}

func timedOut(inv *invocation) *FunctionError {
	return newFailure(inv.id, "Sandbox.Timedout", "Task timed out after %.2f seconds", inv.function.Timeout.Seconds())
}

// report writes the last lines of an invocation's log.
func (e *environment) report(inv *invocation, took time.Duration, failure *FunctionError) {
	e.log.sync()
	if e.process.Alive() {
		e.measure()
	}
	status, initLine := "", ""
	if e.initDuration > 0 {
		initLine = "\tInit Duration: " + formatMilliseconds(e.initDuration) + " ms"
		e.initDuration = 0
	}
	if failure != nil {
		e.log.printf("%s", failure.Message)
		status = "\tStatus: error\tError Type: " + failure.Type
		if failure.Type == "Sandbox.Timedout" {
			status = "\tStatus: timeout"
		}
	}
	e.log.printf("END RequestId: %s", inv.id)
	e.log.printf("REPORT RequestId: %s\tDuration: %s ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB%s%s",
		inv.id, formatMilliseconds(took), math.Ceil(milliseconds(took)),
		e.function.MemoryMB, e.peak.Load()/(1024*1024), initLine, status)
	e.log.follow(nil)
}

func (e *environment) setCurrent(inv *invocation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current = inv
}

// running returns the current invocation if it has that ID, else nil.
func (e *environment) running(id string) *invocation {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil || e.current.id != id {
		return nil
	}
	return e.current
}
