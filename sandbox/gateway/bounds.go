package gateway

import (
	"fmt"
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/aws/smithy-go/encoding/cbor"
)

// bound is what AWS allows in one parameter of a call.
type bound struct {
	parameter string
	most      int            // characters
	pattern   *regexp.Regexp // nil: any text
}

// boundedCall is a call whose parameters have bounds, and the code of its refusal.
type boundedCall struct {
	code   string
	bounds []bound
}

// The patterns of names that several services have.
var (
	// identifier begins with a letter, and has no hyphen at its end and no two in a row.
	identifier = regexp.MustCompile(`^[A-Za-z](-?[A-Za-z0-9])*$`)
	wordDash   = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// boundOf is a call with one parameter that has bounds.
func boundOf(code, parameter string, most int, pattern *regexp.Regexp) boundedCall {
	return boundedCall{code, []bound{{parameter, most, pattern}}}
}

// and is the call with one more such parameter.
func (c boundedCall) and(parameter string, most int, pattern *regexp.Regexp) boundedCall {
	return boundedCall{c.code, append(c.bounds, bound{parameter, most, pattern})}
}

// broken says which bound a call's parameters break; empty: none.
func (c boundedCall) broken(get func(parameter string) string) string {
	for _, b := range c.bounds {
		value := get(b.parameter)
		switch length := utf8.RuneCountInString(value); {
		case value == "": // named by the service, or refused by it
		case length > b.most:
			return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d, and has %d", value, b.parameter, b.most, length)
		case b.pattern != nil && !b.pattern.MatchString(value):
			return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, b.parameter, b.pattern)
		}
	}
	return ""
}

// bounded refuses a call whose parameters are out of bounds, before the emulator sees it.
func bounded(limits boundedCall, call handler) handler {
	return reading(func(x *exchange) error {
		get, err := x.parameters()
		if err != nil {
			return err
		}
		if message := limits.broken(get); message != "" {
			return x.refuse(http.StatusBadRequest, limits.code, message)
		}
		return call(x)
	})
}

// parameters are the texts that a call's body names, in any of the protocols.
func (x *exchange) parameters() (func(string) string, error) {
	if x.form != nil {
		return x.form.Get, nil
	}
	if isCBOR(x.r.Header) {
		body, err := decodeMap(x.body)
		return func(name string) string {
			value, _ := body[name].(cbor.String)
			return string(value)
		}, err
	}
	var body map[string]any
	if err := decodeCall(x.body, &body); err != nil {
		return nil, fmt.Errorf("decode the request: %w", err)
	}
	return func(name string) string { return text(body, name) }, nil
}
