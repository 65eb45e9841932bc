package lambdahost

import "sync"

// admission counts running invocations against the account's limit and each function's reserved concurrency. Reserved
// concurrency is subtracted from the account's limit only while it is in use, because only the control plane knows all
// reservations.
type admission struct {
	mu       sync.Mutex
	limit    int
	running  int
	function map[string]int
}

func newAdmission(limit int) *admission {
	return &admission{limit: limit, function: map[string]int{}}
}

// running counts executions, this one included.
type running struct{ function, all int }

// enter takes a slot, or returns AWS's throttling error.
func (a *admission) enter(f Function) (now running, release func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f.Reserved != nil && a.function[f.Name] >= *f.Reserved {
		return running{}, nil, throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
	}
	if a.running >= a.limit {
		return running{}, nil, throttled("ConcurrentInvocationLimitExceeded")
	}
	a.running++
	a.function[f.Name]++
	return running{a.function[f.Name], a.running}, func() { a.leave(f.Name) }, nil
}

func (a *admission) leave(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running--
	if a.function[name]--; a.function[name] == 0 {
		delete(a.function, name)
	}
}

func throttled(reason string) error {
	return &Error{Status: 429, Type: "TooManyRequestsException", Reason: reason, Message: "Rate Exceeded."}
}
