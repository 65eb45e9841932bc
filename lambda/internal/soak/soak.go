// Package soak lets property and race tests run longer than `make test` has time for, and logs what they did: `make soak-properties` runs every
// test whose body calls For.
package soak

import (
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// variable is the environment variable with the duration of each test, as a Go duration. `make soak-properties` sets it.
const variable = "SOAK"

// For returns how long a test runs: short, unless SOAK is set. A test with several cases divides that time among them.
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

// Figures counts the operations of a test.
type Figures struct {
	t                         testing.TB
	operations, faults, wrong atomic.Int64
}

// Count returns Figures that are logged when the test ends.
func Count(t testing.TB) *Figures {
	t.Helper()
	f, began := &Figures{t: t}, time.Now()
	t.Cleanup(func() {
		t.Logf("soak: %s: %d operations, %d faults injected, %d wrong results in %s", t.Name(),
			f.operations.Load(), f.faults.Load(), f.wrong.Load(), time.Since(began).Round(time.Second))
	})
	return f
}

// Operation counts one request.
func (f *Figures) Operation() { f.operations.Add(1) }

// Fault counts one injected fault.
func (f *Figures) Fault() { f.faults.Add(1) }

// Wrong counts one wrong result and fails the test with it.
func (f *Figures) Wrong(err error) {
	f.t.Helper()
	f.wrong.Add(1)
	f.t.Error(err)
}
