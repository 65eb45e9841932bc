package call

import (
	"fmt"
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/aws/smithy-go/encoding/cbor"
)

// Bound is the length and pattern that AWS allows for one parameter of a call.
type Bound struct {
	Parameter string
	MaxLength int            // in characters
	Pattern   *regexp.Regexp // nil for any
}

// BoundedCall is a call whose parameters have bounds, with the error code of a violation.
type BoundedCall struct {
	Code   string
	Bounds []Bound
}

// Patterns of names in several services.
var (
	// Identifier begins with a letter, does not end with a hyphen and has no two hyphens in a row.
	Identifier = regexp.MustCompile(`^[A-Za-z](-?[A-Za-z0-9])*$`)
	WordDash   = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// BoundOf is a call that has bounds on one parameter.
func BoundOf(code, parameter string, maxLength int, pattern *regexp.Regexp) BoundedCall {
	return BoundedCall{code, []Bound{{parameter, maxLength, pattern}}}
}

// And adds bounds on another parameter.
func (c BoundedCall) And(parameter string, maxLength int, pattern *regexp.Regexp) BoundedCall {
	return BoundedCall{c.Code, append(c.Bounds, Bound{parameter, maxLength, pattern})}
}

// Violation describes the first bound that the parameters violate; it is empty if there is none.
func (c BoundedCall) Violation(get func(parameter string) string) string {
	for _, b := range c.Bounds {
		value := get(b.Parameter)
		switch length := utf8.RuneCountInString(value); {
		case value == "": // the service generates the name or rejects the call
		case length > b.MaxLength:
			return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d, and has %d", value, b.Parameter, b.MaxLength, length)
		case b.Pattern != nil && !b.Pattern.MatchString(value):
			return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, b.Parameter, b.Pattern)
		}
	}
	return ""
}

// Bounded rejects a call whose parameters violate a bound, without forwarding it.
func Bounded(limits BoundedCall, next Handler) Handler {
	return WithBody(func(x *Exchange) error {
		get, err := x.Parameters()
		if err != nil {
			return err
		}
		if message := limits.Violation(get); message != "" {
			return x.Reject(http.StatusBadRequest, limits.Code, message)
		}
		return next(x)
	})
}

// Parameters returns the string parameters of a call by name, in any of the protocols.
func (x *Exchange) Parameters() (func(string) string, error) {
	if x.Form != nil {
		return x.Form.Get, nil
	}
	if IsCBOR(x.Request.Header) {
		body, err := DecodeCBOR(x.Body)
		return func(name string) string {
			value, _ := body[name].(cbor.String)
			return string(value)
		}, err
	}
	var body map[string]any
	if err := x.DecodeRequest(&body); err != nil {
		return nil, err
	}
	return func(name string) string { return StringMember(body, name) }, nil
}
