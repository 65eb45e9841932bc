// Package environment reads a function's environment variables and reports every invalid one in one
// error.
package environment

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Reader reads environment variables and collects the invalid ones.
type Reader struct {
	// Lookup returns the value of a variable, or "" if it is not set.
	Lookup   func(string) string
	problems []string
}

// New returns a Reader of the variables that lookup returns.
func New(lookup func(string) string) *Reader { return &Reader{Lookup: lookup} }

// Invalid records that a variable is not what is expected.
func (r *Reader) Invalid(name, expected string) {
	r.problems = append(r.problems, fmt.Sprintf("%s is %q, must be %s", name, r.Lookup(name), expected))
}

// Required reads a variable that must not be empty.
func (r *Reader) Required(name, expected string) string {
	value := r.Lookup(name)
	if value == "" {
		r.Invalid(name, expected)
	}
	return value
}

// secret is Required without the value in the error.
func (r *Reader) secret(name, expected string) string {
	value := r.Lookup(name)
	if value == "" {
		r.problems = append(r.problems, fmt.Sprintf("%s is missing, must be %s", name, expected))
	}
	return value
}

// OneOf reads a variable that must have one of the allowed values. The first is the default.
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

// Address reads host:port.
func (r *Reader) Address(name string) string {
	value := r.Lookup(name)
	host, port, err := net.SplitHostPort(value)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" || n == 0 {
		r.Invalid(name, "host:port")
	}
	return value
}

// Duration reads a duration of at least minimum.
func (r *Reader) Duration(name string, minimum time.Duration) time.Duration {
	value, err := time.ParseDuration(r.Lookup(name))
	if err != nil || value < minimum {
		r.Invalid(name, fmt.Sprintf(`a duration such as "90s", at least %s`, minimum))
	}
	return value
}

// Megabytes reads a size that the platform sets and returns it in bytes; 0 means no limit.
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

// Err returns one error with all invalid variables, or nil.
func (r *Reader) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("invalid environment of the function: %s", strings.Join(r.problems, "; "))
}
