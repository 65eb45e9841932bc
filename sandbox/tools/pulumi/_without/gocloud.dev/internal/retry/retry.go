// Package retry has the error of gocloud.dev's, which package gcerr names; only pubsub retries.
package retry

import "fmt"

// ContextError is a context's error with the last error of what was retried.
type ContextError struct {
	CtxErr  error
	FuncErr error
}

func (e *ContextError) Error() string {
	return fmt.Sprintf("%v; last error: %v", e.CtxErr, e.FuncErr)
}

// Is reports whether target is one of the two errors.
func (e *ContextError) Is(target error) bool {
	return e.CtxErr == target || e.FuncErr == target
}
