package call

import (
	"fmt"
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/aws/smithy-go/encoding/cbor"
)

// Bound is what AWS allows in one parameter of a call.
type Bound struct {
	Parameter string
	Most      int            // characters
	Pattern   *regexp.Regexp // nil: any text
}

// BoundedCall is a call whose parameters have bounds, and the code of its refusal.
type BoundedCall struct {
	Code   string
	Bounds []Bound
}

// The patterns of names that several services have.
var (
	// Identifier begins with a letter, and has no hyphen at its end and no two in a row.
	Identifier = regexp.MustCompile(`^[A-Za-z](-?[A-Za-z0-9])*$`)
	WordDash   = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// BoundOf is a call with one parameter that has bounds.
func BoundOf(code, parameter string, most int, pattern *regexp.Regexp) BoundedCall {
	return BoundedCall{code, []Bound{{parameter, most, pattern}}}
}

// And is the call with one more such parameter.
func (c BoundedCall) And(parameter string, most int, pattern *regexp.Regexp) BoundedCall {
	return BoundedCall{c.Code, append(c.Bounds, Bound{parameter, most, pattern})}
}

// Broken says which bound a call's parameters break; empty: none.
func (c BoundedCall) Broken(get func(parameter string) string) string {
	for _, b := range c.Bounds {
		value := get(b.Parameter)
		switch length := utf8.RuneCountInString(value); {
		case value == "": // named by the service, or refused by it
		case length > b.Most:
			return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d, and has %d", value, b.Parameter, b.Most, length)
		case b.Pattern != nil && !b.Pattern.MatchString(value):
			return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, b.Parameter, b.Pattern)
		}
	}
	return ""
}

// Bounded refuses a call whose parameters are out of bounds, before the emulator sees it.
func Bounded(limits BoundedCall, call Handler) Handler {
	return Reading(func(x *Exchange) error {
		get, err := x.Parameters()
		if err != nil {
			return err
		}
		if message := limits.Broken(get); message != "" {
			return x.Refuse(http.StatusBadRequest, limits.Code, message)
		}
		return call(x)
	})
}

// Parameters are the texts that a call's body names, in any of the protocols.
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
	if err := Decode(x.Body, &body); err != nil {
		return nil, fmt.Errorf("decode the request: %w", err)
	}
	return func(name string) string { return Text(body, name) }, nil
}
