package lambdahost

import "time"

// Invoked is an invocation that has ended, or that was throttled.
type Invoked struct {
	Function Function
	Start    time.Time
	// Duration is the time of the function's code, without the init phase.
	Duration          time.Duration
	Failed, Throttled bool
	// Concurrent are the executions of the function when it began, and All those of every function, itself included.
	Concurrent, All int
}

// invoked describes an invocation after its end.
func (inv *invocation) invoked() Invoked {
	return Invoked{
		Function: inv.function, Start: inv.begun, Duration: inv.took,
		Failed: inv.failed.Load() || inv.failure != nil, Concurrent: inv.running.function, All: inv.running.all,
	}
}
