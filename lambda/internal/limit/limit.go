//go:build !debugger

// Package limit has the time limits that a breakpoint would exceed. With the build tag debugger (make dev DEBUG=1) there
// are none. Without it, which is how functions are deployed, it compiles to nothing.
package limit

import "time"

// Debugged reports whether a debugger may stop the function.
const Debugged = false

// Of returns the limit of a step of a request.
func Of(limit time.Duration) time.Duration { return limit }
