// Package iampolicy reads and evaluates IAM policies: those of identities with a permissions boundary, and those
// of resources and of roles (trust policies) for a service that acts. It is the one reader of them in the sandbox.
package iampolicy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// Statement is one statement of a policy document.
type Statement struct {
	Sid, Effect           string
	Principal             Principal
	Action, NotAction     Values
	Resource, NotResource Values
	Condition             map[string]map[string]Values // by operator and key
}

// Principal is whom a statement of a resource's policy is about, as far as the sandbox asks.
type Principal struct {
	// Everyone is the principal "*", alone or of AWS's accounts.
	Everyone bool
	Services Values
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Principal) UnmarshalJSON(text []byte) error {
	var everyone string
	if json.Unmarshal(text, &everyone) == nil {
		p.Everyone = everyone == "*"
		return nil
	}
	var kinds struct{ AWS, Service Values }
	if err := json.Unmarshal(text, &kinds); err != nil {
		return fmt.Errorf("principal %s: %w", text, err)
	}
	p.Services = kinds.Service
	for _, account := range kinds.AWS {
		p.Everyone = p.Everyone || account == "*"
	}
	return nil
}

// Values are a list that may be written as its only element. An element may be a boolean or a number, which
// stands for its text.
type Values []string

// UnmarshalJSON implements json.Unmarshaler.
func (v *Values) UnmarshalJSON(text []byte) error {
	elements := []json.RawMessage{text}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		if err := json.Unmarshal(text, &elements); err != nil {
			return fmt.Errorf("values %s: %w", text, err)
		}
	}
	*v = make(Values, 0, len(elements))
	for _, element := range elements {
		var value string
		if err := json.Unmarshal(element, &value); err != nil {
			if value = string(element); strings.ContainsAny(value, "{[") {
				return fmt.Errorf("value %s: %w", element, err)
			}
		}
		*v = append(*v, value)
	}
	return nil
}

// Parse reads a policy document, plain or as IAM's API encodes it for a URL.
func Parse(text string) ([]Statement, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		decoded, err := url.QueryUnescape(text)
		if err != nil {
			return nil, fmt.Errorf("read a policy: %w", err)
		}
		text = decoded
	}
	var document struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return nil, fmt.Errorf("read a policy: %w", err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(document.Statement), []byte("{")) {
		document.Statement = append(append([]byte("["), document.Statement...), ']')
	}
	var statements []Statement
	if err := json.Unmarshal(document.Statement, &statements); err != nil {
		return nil, fmt.Errorf("read a policy: %w", err)
	}
	return statements, nil
}
