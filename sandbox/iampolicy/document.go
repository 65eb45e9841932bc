// Package iampolicy parses and evaluates IAM policies: identity policies with a permissions boundary, and
// resource policies and trust policies when the caller is an AWS service. The rest of the sandbox uses this parser.
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

// Principal is the element of a resource policy's statement, as far as the sandbox evaluates it.
type Principal struct {
	// Everyone is set for the principal "*" and for {"AWS": "*"}.
	Everyone bool
	Services Values
	// AWS are accounts, users, roles and their sessions, by ARN or by the account's ID.
	AWS Values
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Principal) UnmarshalJSON(data []byte) error {
	var everyone string
	if json.Unmarshal(data, &everyone) == nil {
		p.Everyone = everyone == "*"
		return nil
	}
	var kinds struct{ AWS, Service Values }
	if err := json.Unmarshal(data, &kinds); err != nil {
		return fmt.Errorf("principal %s: %w", data, err)
	}
	p.Services, p.AWS = kinds.Service, kinds.AWS
	for _, account := range kinds.AWS {
		p.Everyone = p.Everyone || account == "*"
	}
	return nil
}

// Values is a list of strings, or a single one without brackets. A boolean or a number counts as the string that
// is written.
type Values []string

// UnmarshalJSON implements json.Unmarshaler.
func (v *Values) UnmarshalJSON(data []byte) error {
	elements := []json.RawMessage{data}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		if err := json.Unmarshal(data, &elements); err != nil {
			return fmt.Errorf("values %s: %w", data, err)
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

// Parse parses a policy document, which may be URL-encoded as IAM's API returns it.
func Parse(document string) ([]Statement, error) {
	if !strings.HasPrefix(strings.TrimSpace(document), "{") {
		decoded, err := url.QueryUnescape(document)
		if err != nil {
			return nil, fmt.Errorf("decode the policy: %w", err)
		}
		document = decoded
	}
	var policy struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return nil, fmt.Errorf("parse the policy: %w", err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(policy.Statement), []byte("{")) {
		policy.Statement = append(append([]byte("["), policy.Statement...), ']')
	}
	var statements []Statement
	if err := json.Unmarshal(policy.Statement, &statements); err != nil {
		return nil, fmt.Errorf("parse the policy's statements: %w", err)
	}
	return statements, nil
}
