package cache

import "time"

// NewLease returns the tag of a new lease.
func NewLease() []byte { return newTag(lease) }

// NewMark returns the tag of a new mark.
func NewMark() []byte { return newTag(mark) }

// IsMark reports whether a key that holds this is marked.
func IsMark(held []byte) bool { return len(held) > 0 && kind(held[0]) == mark }

// NewPatientBreaker is a Breaker for what must work on a busy machine.
func NewPatientBreaker(store Store) *Breaker {
	b := NewBreaker(store)
	b.budget = time.Minute
	return b
}

// MarkTime is for how long a mark lasts if its write does not end.
const MarkTime = markTime

// CommandTimeout is how long the client of Redis waits for an answer.
const CommandTimeout = commandTimeout
