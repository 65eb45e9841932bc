// Package fault has the error type of the function's packages: a kind, which the handler maps to an HTTP
// status, a detail for the client, and a cause for the log.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is a class of errors, seen from the request.
type Kind string

// The kinds. An error that is not an *Error counts as Internal.
const (
	NotFound     Kind = "not-found"         // the item or file does not exist
	Malformed    Kind = "malformed-request" // a parameter or header cannot be parsed
	Invalid      Kind = "invalid-content"   // the body was parsed and is not acceptable
	Precondition Kind = "precondition"      // a condition of the request is false
	TooLarge     Kind = "too-large"         // the body is over a limit
	MediaType    Kind = "unsupported-media" // the body's media type is not supported
	Unavailable  Kind = "unavailable"       // a dependency does not respond; a retry may succeed
	Internal     Kind = "internal"          // a defect or a missing permission of the function
)

// Error is an error with a kind.
type Error struct {
	Kind       Kind
	Detail     string        // for the client: no internals
	RetryAfter time.Duration // of Unavailable: when to retry
	Dependency string        // of Unavailable: what does not respond
	Cause      error         // for the log
}

// The dependencies that an error names to the client.
const (
	Database = "database"
	Files    = "file storage"
)

// Error returns the detail and the cause: it is for the log, never for a client.
func (e *Error) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("%s: %s", e.Kind, e.Detail)
	}
	return fmt.Sprintf("%s: %s: %v", e.Kind, e.Detail, e.Cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of the given kind. The client sees its detail.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// NewUnavailable returns the error for a dependency that does not respond.
func NewUnavailable(dependency string, cause error) *Error {
	return &Error{
		Kind:       Unavailable,
		Detail:     "the " + dependency + " is not responding at the moment",
		RetryAfter: retryAfter,
		Dependency: dependency,
		Cause:      cause,
	}
}

// retryAfter is when clients should retry after a failure of a dependency: long enough for the first
// seconds of a failover, short enough not to be noticed.
const retryAfter = 2 * time.Second

// NewInternal returns the error for a defect or a missing permission of the function.
func NewInternal(what string, cause error) *Error {
	return &Error{Kind: Internal, Detail: what, Cause: cause}
}

// KindOf returns the kind of err, or Internal if it has none.
func KindOf(err error) Kind {
	var known *Error
	if errors.As(err, &known) {
		return known.Kind
	}
	return Internal
}
