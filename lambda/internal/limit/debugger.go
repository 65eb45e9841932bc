//go:build debugger

// Package limit has the time limits that a breakpoint would exceed: none.
package limit

import "time"

// Debugged reports whether a debugger may stop the function.
const Debugged = true

// Of returns a limit that is further away than anybody waits.
func Of(time.Duration) time.Duration { return 24 * time.Hour }
