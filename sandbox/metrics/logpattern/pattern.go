// Package logpattern matches log events with the filter patterns of CloudWatch Logs metric filters, as far as the
// program uses them: JSON patterns, and the empty pattern, which matches every event.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
package logpattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Pattern is a filter pattern.
type Pattern struct {
	condition condition // nil: every event matches
}

// Parse parses a filter pattern. Its error names syntax that is not supported.
func Parse(text string) (Pattern, error) {
	body := strings.TrimSpace(text)
	if body == "" {
		return Pattern{}, nil
	}
	if !strings.HasPrefix(body, "{") || !strings.HasSuffix(body, "}") {
		return Pattern{}, fmt.Errorf("filter pattern %s: only JSON patterns ({ ... }) and the empty pattern are supported", text)
	}
	p := parser{lexer: lexer{text: body[1 : len(body)-1]}}
	condition, err := p.parse()
	if err != nil {
		return Pattern{}, fmt.Errorf("filter pattern %s: %w", text, err)
	}
	return Pattern{condition}, nil
}

// Matches reports whether a log event matches. A JSON pattern matches JSON objects only.
func (p Pattern) Matches(message string) bool {
	if p.condition == nil {
		return true
	}
	document, ok := decode(message)
	return ok && p.condition.holds(document)
}

// Field returns the text of the string or number that a selector such as $.cache finds in a log event.
func Field(selector, message string) (string, error) {
	l := lexer{text: selector}
	token, err := l.next()
	if err != nil {
		return "", err
	}
	if token.kind != selectorToken || l.rest() != "" {
		return "", fmt.Errorf("%s is not a selector of JSON, such as $.name", selector)
	}
	document, ok := decode(message)
	if !ok {
		return "", errNoField
	}
	switch value := find(document, token.path).(type) {
	case string:
		return value, nil
	case json.Number:
		return value.String(), nil
	}
	return "", errNoField
}

var errNoField = errors.New("the event has no such field")

// decode decodes a log event that is a JSON object.
func decode(message string) (any, bool) {
	decoder := json.NewDecoder(strings.NewReader(message))
	decoder.UseNumber()
	var document map[string]any
	if err := decoder.Decode(&document); err != nil || decoder.More() {
		return nil, false
	}
	return document, document != nil
}

// absent is the value of a selector that finds nothing.
type absent struct{}

// find returns the value at a path: names of members and indexes of elements.
func find(value any, path []any) any {
	for _, step := range path {
		switch at := step.(type) {
		case string:
			object, ok := value.(map[string]any)
			if !ok {
				return absent{}
			}
			if value, ok = object[at]; !ok {
				return absent{}
			}
		case int:
			list, ok := value.([]any)
			if !ok || at >= len(list) {
				return absent{}
			}
			value = list[at]
		}
	}
	return value
}
