package faults

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// The parts of a stack that can fail.
const (
	Database = "database"
	Cache    = "cache"
	Files    = "files"
	Secrets  = "secrets"
)

// How a part fails.
const (
	OK       = "ok"       // ends the fault
	Down     = "down"     // connections are reset, current and new ones
	Slow     = "slow"     // each reply is late
	Half     = "half"     // every second request fails; of a cache with several shards, every second shard is down
	Full     = "full"     // the part accepts no further load: too many connections or requests
	ReadOnly = "readonly" // the database rejects writes
	Locked   = "locked"   // another session has locked the database's tables against writes
	Failover = "failover" // a shard of the cache moves to another address; nothing fails afterwards
)

// Parts lists the parts.
func Parts() []string { return []string{Database, Cache, Files, Secrets} }

// common are the ways in which every part can fail, and the end of a fault. further are those of one part.
var (
	common  = []string{Down, Slow, Half, Full, OK}
	further = map[string][]string{Database: {ReadOnly, Locked}, Cache: {Failover}}
)

// Hows lists the values for a part.
func Hows(part string) []string { return slices.Concat(common, further[part]) }

// AllHows lists the values for any part.
func AllHows() []string { return slices.Concat(common, further[Database], further[Cache]) }

// DefaultLatency is the latency of a slow part, for each reply: over that of a busy part, below the function's timeouts.
const DefaultLatency = 300 * time.Millisecond

// maxLatency bounds the latency. It exceeds every timeout of the function: such a part is silent.
const maxLatency = 10 * time.Minute

// Spec is a request to let a part fail, or to end that. A Spec without a part is about all parts.
type Spec struct {
	Stack   string        `json:"stack"`
	Part    string        `json:"part"`
	How     string        `json:"how"`
	Latency time.Duration `json:"latency,omitempty"` // of Slow
}

// Normalize returns the spec with defaults, or an error that lists every invalid value with the valid ones.
func (s Spec) Normalize() (Spec, error) {
	var problems []error
	if s.Stack == "" {
		problems = append(problems, errors.New("STACK is empty: must be the name of a stack, such as dev"))
	}
	switch {
	case s.Part == "" && s.How != OK:
		problems = append(problems, fmt.Errorf("PART is missing: must be one of %s (only HOW=%s can do without: it ends all faults of the stack)", list(Parts()), OK))
	case s.Part != "" && !slices.Contains(Parts(), s.Part):
		problems = append(problems, fmt.Errorf("PART=%s: must be one of %s", s.Part, list(Parts())))
	}
	if !slices.Contains(Hows(s.Part), s.How) {
		problems = append(problems, fmt.Errorf("HOW=%s: must be one of %s", s.How, hows(s.Part)))
	}
	switch {
	case s.Latency != 0 && s.How != Slow:
		problems = append(problems, fmt.Errorf("LATENCY=%s: is for HOW=%s only", s.Latency, Slow))
	case s.Latency < 0 || s.Latency > maxLatency:
		problems = append(problems, fmt.Errorf("LATENCY=%s: must be a duration above 0s, at most %s, such as %s", s.Latency, maxLatency, DefaultLatency))
	case s.How == Slow && s.Latency == 0:
		s.Latency = DefaultLatency
	}
	return s, errors.Join(problems...)
}

// hows lists the values for a part, or for every part if it is unknown.
func hows(part string) string {
	if slices.Contains(Parts(), part) {
		return list(Hows(part))
	}
	text := list(common)
	for _, part := range Parts() {
		if len(further[part]) > 0 {
			text += "; with PART=" + part + " also " + list(further[part])
		}
	}
	return text
}

func list(values []string) string { return strings.Join(values, ", ") }

// Active is a part that fails now.
type Active struct {
	Spec
	Since time.Time `json:"since"`
}

// fault is an active fault. It ends when ended is closed.
type fault struct {
	Active
	ended    chan struct{}
	requests atomic.Uint64
	release  func() // of what the fault holds, such as locks; nil: nothing
}

// everySecond reports whether the current request is to fail: the first one, the third one, and so on.
func (f *fault) everySecond() bool { return f.requests.Add(1)%2 == 1 }

// wait waits for the latency of a slow part, and less if the fault ends or the connection is closed.
func (f *fault) wait(closed <-chan struct{}) {
	timer := time.NewTimer(f.Latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.ended:
	case <-closed:
	}
}
