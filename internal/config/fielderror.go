package config

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strings"
)

// FieldError is one thing that is wrong with the configuration.
type FieldError struct {
	// Key names the setting: relative to the struct that reports it ("cidr", "cache.shards"),
	// absolute ("<project>:network.cidr") in the error that Decode returns.
	Key string
	// Value is the value as a stack file has it; empty when it is not set.
	Value string
	// MustBe is what is allowed there.
	MustBe string
}

// Checker is implemented by a Config whose values can have the right type and still be invalid.
type Checker interface {
	// Validate lists everything wrong, with keys relative to the receiver; nil: the Config is valid.
	Validate() []FieldError
}

// String is the key, its value and what is allowed, in one line.
func (p FieldError) String() string {
	if p.Value == "" {
		return fmt.Sprintf("%s is not set; must be %s", p.Key, p.MustBe)
	}
	return fmt.Sprintf("%s is %s; must be %s", p.Key, p.Value, p.MustBe)
}

// Error is the whole list of problems of one configuration.
type Error struct {
	// Problems are sorted by key, with absolute keys.
	Problems []FieldError
}

// Error lists one problem a line.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	noun := "problems"
	if len(e.Problems) == 1 {
		noun = "problem"
	}
	lines = append(lines, fmt.Sprintf("%d %s in the stack's configuration, nothing was registered:", len(e.Problems), noun))
	for _, p := range e.Problems {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// newError sorts the problems so that the same mistakes always read the same; nil when there are none.
func newError(problems []FieldError) error {
	if len(problems) == 0 {
		return nil
	}
	sort.SliceStable(problems, func(i, j int) bool { return problems[i].Key < problems[j].Key })
	return &Error{Problems: problems}
}

// Join merges what several calls of Decode returned into one error; an error that is not a list of
// problems is returned as it is, and nil when every one is nil.
func Join(errs ...error) error {
	var problems []FieldError
	for _, err := range errs {
		if err == nil {
			continue
		}
		var list *Error
		if !errors.As(err, &list) {
			return err
		}
		problems = append(problems, list.Problems...)
	}
	return newError(problems)
}

// Check is for a component's New: it validates the component's Config, nested structs included, and returns the
// problems as an error whose keys start with the component's; nil when there are none.
func Check(component string, c Checker) error {
	d := decoder{}
	d.check(component+".", reflect.ValueOf(c))
	return newError(d.problems)
}
