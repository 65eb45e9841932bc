package logpattern

import (
	"encoding/json"
	"strconv"
	"strings"
)

// condition is a node of a JSON pattern.
type condition interface{ holds(document any) bool }

type either struct{ left, right condition }

func (c either) holds(document any) bool { return c.left.holds(document) || c.right.holds(document) }

type both struct{ left, right condition }

func (c both) holds(document any) bool { return c.left.holds(document) && c.right.holds(document) }

// is is IS NULL, IS TRUE or IS FALSE; want is nil, true or false.
type is struct {
	path []any
	want any
}

func (c is) holds(document any) bool { return find(document, c.path) == c.want }

type notExists struct{ path []any }

func (c notExists) holds(document any) bool { return find(document, c.path) == absent{} }

// compares compares the string or number at a path; a value of another type never matches, with != neither.
type compares struct {
	path     []any
	operator string
	text     string // with asterisks at its ends for any text
	number   *float64
}

func (c compares) holds(document any) bool {
	switch value := find(document, c.path).(type) {
	case string:
		return c.holdsText(value)
	case json.Number:
		number, err := value.Float64()
		if c.number == nil || err != nil {
			return c.holdsText(value.String())
		}
		return c.holdsNumber(number)
	}
	return false
}

func (c compares) holdsText(value string) bool {
	switch c.operator {
	case "=":
		return c.matchesText(value)
	case "!=":
		return !c.matchesText(value)
	}
	number, err := strconv.ParseFloat(value, 64)
	return err == nil && c.holdsNumber(number)
}

// matchesText compares with the text, in which an asterisk at the beginning or the end is any text.
func (c compares) matchesText(value string) bool {
	if c.text == "*" {
		return true
	}
	text, begins := strings.CutSuffix(c.text, "*")
	text, ends := strings.CutPrefix(text, "*")
	switch {
	case begins && ends:
		return strings.Contains(value, text)
	case begins:
		return strings.HasPrefix(value, text)
	case ends:
		return strings.HasSuffix(value, text)
	}
	return value == text
}

func (c compares) holdsNumber(value float64) bool {
	switch want := *c.number; c.operator {
	case "=":
		return value == want
	case "!=":
		return value != want
	case "<":
		return value < want
	case "<=":
		return value <= want
	case ">":
		return value > want
	default:
		return value >= want
	}
}
