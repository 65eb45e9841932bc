// Package fault is the one error type that the parts of the function speak:
// a kind that the handler maps to a status, a detail that a client may read,
// and the cause, which only the log sees.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong in terms of the request, not of the part.
type Kind string

// The kinds there are; whatever is no *Error counts as Internal.
const (
	NotFound     Kind = "not-found"         // there is no such thing
	Malformed    Kind = "malformed-request" // a parameter cannot be read
	Invalid      Kind = "invalid-content"   // the body was read and is not acceptable
	Precondition Kind = "precondition"      // a condition of the request does not hold
	TooLarge     Kind = "too-large"         // the body is over a limit
	MediaType    Kind = "unsupported-media" // the body is of a type that is not taken
	Unavailable  Kind = "unavailable"       // a part does not answer now; trying again helps
	Internal     Kind = "internal"          // a defect or a permission of ours
)

// Error is an error of a known kind.
type Error struct {
	Kind       Kind
	Detail     string        // for the client: nothing internal
	RetryAfter time.Duration // for Unavailable: when to come back
	Dependency string        // for Unavailable: what is away
	Cause      error         // for the log
}

// The parts that can be away, as a client is told.
const (
	Database = "database"
	Files    = "file storage"
)

// Error says everything, the cause too: it is for the log, never for a client.
func (e *Error) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("%s: %s", e.Kind, e.Detail)
	}
	return fmt.Sprintf("%s: %s: %v", e.Kind, e.Detail, e.Cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of kind whose detail a client may read.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// Down reports that part does not answer because of cause, and when to retry.
func NewUnavailable(dependency string, cause error) *Error {
	return &Error{
		Kind:       Unavailable,
		Detail:     "the " + dependency + " does not answer at the moment",
		RetryAfter: retryAfter,
		Dependency: dependency,
		Cause:      cause,
	}
}

// retryAfter is what a client is asked to wait for a part that is away: long
// enough for a failover's first seconds, short enough not to be noticed.
const retryAfter = 2 * time.Second

// Broken reports a defect or a missing permission of ours while doing what.
func NewInternal(what string, cause error) *Error {
	return &Error{Kind: Internal, Detail: what, Cause: cause}
}

// KindOf returns the kind of err; Internal when it has none.
func KindOf(err error) Kind {
	var known *Error
	if errors.As(err, &known) {
		return known.Kind
	}
	return Internal
}
