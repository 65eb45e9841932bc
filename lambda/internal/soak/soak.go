// Package soak lets a property or race test run for longer than `make test` has time for, and prints
// what the run did: `make soak` runs every test whose own body calls For.
package soak

import (
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// variable holds how long each test runs, as a Go duration. It is set by `make soak`.
const variable = "SOAK"

// For returns how long a test runs: short, unless the environment variable SOAK has another time. A
// test with several cases divides that time among them.
func For(t testing.TB, short time.Duration) time.Duration {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		return short
	}
	long, err := time.ParseDuration(value)
	if err != nil || long <= 0 {
		t.Fatalf("%s is %q; must be a Go duration over 0, like 5m", variable, value)
	}
	return long
}

// Figures counts what a test does.
type Figures struct {
	t                         testing.TB
	operations, faults, wrong atomic.Int64
}

// Count returns Figures that are printed when the test ends.
func Count(t testing.TB) *Figures {
	t.Helper()
	f, began := &Figures{t: t}, time.Now()
	t.Cleanup(func() {
		t.Logf("soak: %s: %d operations, %d faults injected, %d wrong answers in %s", t.Name(),
			f.operations.Load(), f.faults.Load(), f.wrong.Load(), time.Since(began).Round(time.Second))
	})
	return f
}

// Operation counts one request of a client.
func (f *Figures) Operation() { f.operations.Add(1) }

// Fault counts one fault that the test injected.
func (f *Figures) Fault() { f.faults.Add(1) }

// Wrong counts one wrong answer and fails the test with it.
func (f *Figures) Wrong(err error) {
	f.t.Helper()
	f.wrong.Add(1)
	f.t.Error(err)
}
