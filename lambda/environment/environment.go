// Package environment reads the variables of a function, which say where its
// parts are, and lists all that is wrong with them at once.
package environment

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Reader reads variables and collects what is wrong with them.
type Reader struct {
	// Lookup returns a variable as it is, empty if it is not set.
	Lookup   func(string) string
	problems []string
}

// New returns a Reader of the variables that lookup returns.
func New(lookup func(string) string) *Reader { return &Reader{Lookup: lookup} }

// Bad notes that a variable is not what it has to be.
func (r *Reader) Invalid(name, expected string) {
	r.problems = append(r.problems, fmt.Sprintf("%s is %q, want %s", name, r.Lookup(name), expected))
}

// Required reads a variable that must have a value.
func (r *Reader) Required(name, expected string) string {
	value := r.Lookup(name)
	if value == "" {
		r.Invalid(name, expected)
	}
	return value
}

// secret reads a variable that a problem must not quote.
func (r *Reader) secret(name, expected string) string {
	value := r.Lookup(name)
	if value == "" {
		r.problems = append(r.problems, fmt.Sprintf("%s is missing, want %s", name, expected))
	}
	return value
}

// OneOf reads a variable that has one of some values, the first by default.
func (r *Reader) OneOf(name string, allowed ...string) string {
	value := r.Lookup(name)
	if value == "" {
		return allowed[0]
	}
	for _, one := range allowed {
		if value == one {
			return value
		}
	}
	r.Invalid(name, strings.Join(allowed, " or "))
	return allowed[0]
}

func (r *Reader) port(name string) int {
	port, err := strconv.ParseUint(r.Lookup(name), 10, 16)
	if err != nil || port == 0 {
		r.Invalid(name, "a port from 1 to 65535")
	}
	return int(port)
}

// Address reads a host with its port.
func (r *Reader) Address(name string) string {
	value := r.Lookup(name)
	host, port, err := net.SplitHostPort(value)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" || n == 0 {
		r.Invalid(name, "host:port")
	}
	return value
}

// Duration reads a time that is not shorter than least.
func (r *Reader) Duration(name string, minimum time.Duration) time.Duration {
	value, err := time.ParseDuration(r.Lookup(name))
	if err != nil || value < minimum {
		r.Invalid(name, fmt.Sprintf(`a duration such as "90s", at least %s`, minimum))
	}
	return value
}

// Megabytes reads what the platform sets; without it there is no limit.
func (r *Reader) Megabytes(name string) int64 {
	value := r.Lookup(name)
	if value == "" {
		return 0
	}
	megabytes, err := strconv.ParseInt(value, 10, 32)
	if err != nil || megabytes < 1 {
		r.Invalid(name, "a number of megabytes")
	}
	return megabytes << 20
}

// Err returns all problems as one error.
func (r *Reader) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("the function's environment is wrong: %s", strings.Join(r.problems, "; "))
}
