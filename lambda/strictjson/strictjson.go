// Package strictjson checks that a text is JSON that every client can read, and reads in the same way. RFC 8259 allows parsers to set
// limits, and names where they differ: the depth of nesting (9), the range and precision of numbers (6), names that are not unique in
// their object (4), unpaired surrogates (8.2) and a byte order mark (8.1). A stored text is read by clients of all kinds, so it must be
// within the limits of all of them.
package strictjson

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// MaxDepth is the maximum nesting of arrays and objects. The smallest default of a common parser is 64 (.NET's System.Text.Json and
	// Newtonsoft.Json; Ruby has 100, Rust's serde_json 128, PHP 512, Python and Jackson about 1,000). A page of the API adds three levels
	// around an item.
	MaxDepth = 60
	// MaxNumber is the maximum length of a number in characters: that of the longest double written out in full, -2^-1074 with 1,074 digits
	// after the point. An integer of more than 4,300 digits is an error in Python.
	MaxNumber = 1077
	// maxExponent is the maximum number of digits of an exponent without leading zeros. With MaxNumber characters, no longer one results in a
	// double.
	maxExponent = 4
)

// Error describes an invalid text.
type Error struct {
	Offset  int    // bytes before it
	Limit   bool   // valid JSON over a limit of this package
	Problem string // a noun phrase
}

func (e *Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Problem, e.Offset) }

// Check returns an *Error for a text that is not JSON in UTF-8, or not within the limits. replaced means that bytes that are not UTF-8 may
// have been replaced by U+FFFD before; then U+FFFD is only accepted as an escape.
func Check(text string, replaced bool) error {
	c := checker{text: text, replaced: replaced}
	if strings.HasPrefix(text, "\ufeff") {
		return &Error{0, false, "a byte order mark"}
	}
	if c.value(0) && c.next() != 0 {
		c.fail("something after the value")
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

// checker reads a text once. Its methods return false once err is set.
type checker struct {
	text     string
	at       int
	replaced bool
	err      *Error
}

// fail reports invalid JSON.
func (c *checker) fail(problem string) bool {
	if c.at >= len(c.text) {
		problem = "an unexpected end"
	}
	c.err = &Error{c.at, false, problem}
	return false
}

// limit reports valid JSON over a limit.
func (c *checker) limit(at int, format string, args ...any) bool {
	c.err = &Error{at, true, fmt.Sprintf(format, args...)}
	return false
}

// next skips white space and returns the next byte, or 0 at the end. A byte 0 in the text is invalid everywhere.
func (c *checker) next() byte {
	for ; c.at < len(c.text); c.at++ {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\n', '\r':
		case 0:
			return 1 // invalid like any other byte
		default:
			return b
		}
	}
	return 0
}

func (c *checker) value(depth int) bool {
	switch b := c.next(); {
	case b == '"':
		_, _, ok := c.string()
		return ok
	case b == '{' || b == '[':
		if depth == MaxDepth {
			return c.limit(c.at, "more than %d levels of arrays and objects", MaxDepth)
		}
		c.at++
		if b == '{' {
			return c.object(depth + 1)
		}
		return c.array(depth + 1)
	case b == '-' || '0' <= b && b <= '9':
		return c.number()
	case b == 't':
		return c.literal("true")
	case b == 'f':
		return c.literal("false")
	case b == 'n':
		return c.literal("null")
	default:
		return c.fail("no value")
	}
}

func (c *checker) literal(word string) bool {
	if !strings.HasPrefix(c.text[c.at:], word) {
		return c.fail("no value")
	}
	c.at += len(word)
	return true
}

func (c *checker) array(depth int) bool {
	if c.next() == ']' {
		c.at++
		return true
	}
	for c.value(depth) {
		switch c.next() {
		case ',':
			c.at++
		case ']':
			c.at++
			return true
		default:
			return c.fail("neither , nor ] after an element")
		}
	}
	return false
}

func (c *checker) object(depth int) bool {
	if c.next() == '}' {
		c.at++
		return true
	}
	var names memberNames
	for {
		if c.next() != '"' {
			return c.fail("no name of a member")
		}
		begin := c.at
		name, escaped, ok := c.string()
		if !ok {
			return false
		}
		if escaped {
			name = unescape(name)
		}
		if !names.add(name) {
			return c.limit(begin, "a name that another member of the object has")
		}
		if c.next() != ':' {
			return c.fail("no : after a name")
		}
		c.at++
		if !c.value(depth) {
			return false
		}
		switch c.next() {
		case ',':
			c.at++
		case '}':
			c.at++
			return true
		default:
			return c.fail("neither , nor } after a member")
		}
	}
}

// memberNames are the names of an object's members.
type memberNames struct {
	few  [8]string
	n    int
	many map[string]struct{} // all names, once there are more than fit into few
}

// add reports whether a name is new.
func (s *memberNames) add(name string) bool {
	if s.many != nil {
		if _, known := s.many[name]; known {
			return false
		}
		s.many[name] = struct{}{}
		return true
	}
	if slices.Contains(s.few[:s.n], name) {
		return false
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return true
	}
	s.many = map[string]struct{}{name: {}}
	for _, other := range s.few {
		s.many[other] = struct{}{}
	}
	return true
}

// string skips a string and returns what is between its quotes, and whether that has escapes.
func (c *checker) string() (inside string, escaped, ok bool) {
	c.at++
	begin := c.at
	for c.at < len(c.text) {
		switch b := c.text[c.at]; {
		case b == '"':
			c.at++
			return c.text[begin : c.at-1], escaped, true
		case b == '\\':
			if escaped = true; !c.escape() {
				return "", false, false
			}
		case b < ' ':
			return "", false, c.fail("a control character in a string")
		case b < utf8.RuneSelf:
			c.at++
		case !c.character():
			return "", false, false
		}
	}
	return "", false, c.fail("")
}

// character skips a character of several bytes.
func (c *checker) character() bool {
	r, size := utf8.DecodeRuneInString(c.text[c.at:])
	switch {
	case r == utf8.RuneError && size < 2:
		return c.fail("bytes that are not UTF-8")
	case r == utf8.RuneError && c.replaced:
		return c.fail(`U+FFFD, which stands for bytes that are not UTF-8 (write a real one as \ufffd)`)
	}
	c.at += size
	return true
}

// escape skips an escape sequence.
func (c *checker) escape() bool {
	if c.at+1 >= len(c.text) {
		c.at++
		return c.fail("")
	}
	switch c.text[c.at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		c.at += 2
		return true
	case 'u':
	default:
		return c.fail("no escape that JSON has")
	}
	first, ok := parseUnicodeEscape(c.text[c.at:])
	if !ok {
		return c.fail(`no four hexadecimal digits after \u`)
	}
	if !utf16.IsSurrogate(first) {
		c.at += 6
		return true
	}
	second, ok := parseUnicodeEscape(c.text[c.at+6:])
	if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
		return c.limit(c.at, "a surrogate without its other half")
	}
	c.at += 12
	return true
}

// parseUnicodeEscape parses an escape of the form \uXXXX.
func parseUnicodeEscape(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	var value rune
	for _, b := range []byte(text[2:6]) {
		switch {
		case '0' <= b && b <= '9':
			value = value<<4 | rune(b-'0')
		case 'a' <= b|0x20 && b|0x20 <= 'f':
			value = value<<4 | rune(b|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return value, true
}

// unescape resolves the escapes of a valid string.
func unescape(text string) string {
	value := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			value = append(value, text[i])
			i++
			continue
		}
		switch b := text[i+1]; b {
		case 'u':
			r, _ := parseUnicodeEscape(text[i:])
			if i += 6; utf16.IsSurrogate(r) {
				second, _ := parseUnicodeEscape(text[i:])
				r = utf16.DecodeRune(r, second)
				i += 6
			}
			value = utf8.AppendRune(value, r)
			continue
		case 'b':
			value = append(value, '\b')
		case 'f':
			value = append(value, '\f')
		case 'n':
			value = append(value, '\n')
		case 'r':
			value = append(value, '\r')
		case 't':
			value = append(value, '\t')
		default:
			value = append(value, b)
		}
		i += 2
	}
	return string(value)
}

// number skips a number.
func (c *checker) number() bool {
	begin := c.at
	if c.text[c.at] == '-' {
		c.at++
	}
	switch integer := c.digits(); {
	case len(integer) == 0:
		return c.fail("no digit in a number")
	case len(integer) > 1 && integer[0] == '0':
		c.at = begin
		return c.fail("a number with a leading zero")
	}
	if c.is('.') {
		c.at++
		if len(c.digits()) == 0 {
			return c.fail("no digit after a decimal point")
		}
	}
	exponent := ""
	if c.is('e') || c.is('E') {
		if c.at++; c.is('+') || c.is('-') {
			c.at++
		}
		if exponent = c.digits(); len(exponent) == 0 {
			return c.fail("no digit in an exponent")
		}
	}
	return c.checkRange(begin, exponent)
}

func (c *checker) is(b byte) bool { return c.at < len(c.text) && c.text[c.at] == b }

func (c *checker) digits() string {
	begin := c.at
	for c.at < len(c.text) && '0' <= c.text[c.at] && c.text[c.at] <= '9' {
		c.at++
	}
	return c.text[begin:c.at]
}

// alwaysInRange is the length up to which a number without an exponent, or with one of two digits, is certainly in the range of a double:
// 10^-299 to 10^299.
const alwaysInRange = 200

// checkRange checks that the number from begin on is in the range of a double: not infinite, and not rounded to zero. A number with more digits
// than a double is rounded by many clients, but read by all.
func (c *checker) checkRange(begin int, exponent string) bool {
	number := c.text[begin:c.at]
	if len(number) <= alwaysInRange && len(exponent) <= 2 {
		return true
	}
	if len(number) > MaxNumber {
		return c.limit(begin, "a number of more than %d characters", MaxNumber)
	}
	if len(strings.TrimLeft(exponent, "0")) > maxExponent {
		return c.limit(begin, "a number with an exponent of more than %d digits", maxExponent)
	}
	value, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || math.IsInf(value, 0):
		return c.limit(begin, "a number larger than a double (IEEE 754) can be")
	case value == 0 && strings.ContainsAny(mantissa(number), "123456789"):
		return c.limit(begin, "a number smaller than a double (IEEE 754) can be, and not zero")
	}
	return true
}

// mantissa returns a number without its exponent.
func mantissa(number string) string {
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		return number[:i]
	}
	return number
}
