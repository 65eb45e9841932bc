package deploy

import (
	"regexp"
	"slices"
	"strings"
)

// consequences are errors that follow from another one: the engine ends the program and its providers.
var consequences = regexp.MustCompile(`^update failed$|grpc: the client connection is closing$`)

// providerLog matches an error in the form in which the AWS provider logs it. It also returns most of them, and the CLI
// shows both.
var providerLog = regexp.MustCompile(`^\S+\.go:\d+: \S+: (?s:(.*?))(?:: provider=aws@\S+)?$`)

// oneError is the heading of a list of errors that has one.
var oneError = regexp.MustCompile(`^1 error occurred:\s+\* `)

// Problems returns each of the run's errors once, without those that follow from others.
func (p *Progress) Problems() []string {
	var problems []string
	for i, d := range p.errors {
		if !p.repeats(i) && !slices.Contains(problems, d.String()) {
			problems = append(problems, d.String())
		}
	}
	first := slices.DeleteFunc(slices.Clone(problems), consequences.MatchString)
	if len(first) == 0 {
		return problems
	}
	return first
}

// repeats reports whether another error about the resource says what this one of the provider's log does.
func (p *Progress) repeats(i int) bool {
	logged := providerLog.FindStringSubmatch(p.errors[i].message)
	if logged == nil {
		return false
	}
	return slices.ContainsFunc(p.errors, func(d diagnostic) bool {
		return d.urn == p.errors[i].urn && d.message != p.errors[i].message && strings.Contains(d.message, logged[1])
	})
}

// diagnostic is an error that the CLI shows, about a resource unless the URN is empty.
type diagnostic struct{ urn, message string }

// newDiagnostic removes colour marks and the heading of a single error.
func newDiagnostic(urn, message string) diagnostic {
	return diagnostic{urn, oneError.ReplaceAllString(strings.TrimSpace(colourless(message)), "")}
}

// String has type and name of the resource before the error.
func (d diagnostic) String() string {
	if d.urn == "" {
		return d.message
	}
	parts := strings.Split(d.urn, "::")
	kind := ""
	if len(parts) > 2 {
		kind = parts[2][strings.LastIndex(parts[2], "$")+1:]
	}
	return kind + " (" + parts[len(parts)-1] + "): " + d.message
}

// colourless removes the colour marks of Pulumi's messages: "<{%reset%}>".
func colourless(message string) string {
	for {
		start := strings.Index(message, "<{%")
		if start < 0 {
			return message
		}
		length := strings.Index(message[start:], "%}>")
		if length < 0 {
			return message
		}
		message = message[:start] + message[start+length+len("%}>"):]
	}
}
