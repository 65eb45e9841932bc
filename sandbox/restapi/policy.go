package restapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// invocation is what a function's resource policy is asked about.
type invocation struct {
	function string // ARN, qualifier included
	source   string // execute-api ARN
	account  string
}

const (
	invokeAction     = "lambda:InvokeFunction"
	gatewayPrincipal = "apigateway.amazonaws.com"
)

type policy struct {
	Statements oneOrMore[statement] `json:"Statement"`
}

type statement struct {
	ID         string                                  `json:"Sid"`
	Effect     string                                  `json:"Effect"`
	Principal  principal                               `json:"Principal"`
	Actions    oneOrMore[string]                       `json:"Action"`
	Resources  oneOrMore[string]                       `json:"Resource"`
	Conditions map[string]map[string]oneOrMore[string] `json:"Condition"`
}

// oneOrMore is a member that may be one value or a list of them.
type oneOrMore[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	var many []T
	if err := json.Unmarshal(b, &many); err == nil {
		*o = many
		return nil
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

// principal is "*" or services by kind.
type principal struct {
	everyone bool
	services []string
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *principal) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		p.everyone = text == "*"
		return nil
	}
	var kinds map[string]oneOrMore[string]
	if err := json.Unmarshal(b, &kinds); err != nil {
		return fmt.Errorf("principal %s: %w", b, err)
	}
	p.services = kinds["Service"]
	p.everyone = slices.Contains(kinds["AWS"], "*")
	return nil
}

// evaluate returns nil when a statement allows the invocation and none denies
// it.
func evaluate(document string, i invocation) error {
	var p policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return fmt.Errorf("resource policy of %s: %w", i.function, err)
	}
	allowed := false
	for _, s := range p.Statements {
		if !s.covers(i) {
			continue
		}
		if s.Effect == "Deny" {
			return fmt.Errorf("invalid permissions on Lambda function: statement %q denies %s", s.ID, i.source)
		}
		allowed = allowed || s.Effect == "Allow"
	}
	if !allowed {
		return fmt.Errorf("invalid permissions on Lambda function: no statement of %s allows %s to invoke it", i.function, i.source)
	}
	return nil
}

func (s statement) covers(i invocation) bool {
	if !s.Principal.everyone && !slices.Contains(s.Principal.services, gatewayPrincipal) {
		return false
	}
	action := func(pattern string) bool { return glob(strings.ToLower(pattern), strings.ToLower(invokeAction)) }
	resource := func(pattern string) bool { return glob(pattern, i.function) }
	if !slices.ContainsFunc(s.Actions, action) || !slices.ContainsFunc(s.Resources, resource) {
		return false
	}
	for operator, keys := range s.Conditions {
		for key, values := range keys {
			if !satisfied(operator, key, values, i) {
				return false
			}
		}
	}
	return true
}

// satisfied evaluates one condition. An operator or key that is not known here
// is not satisfied: better a refusal that AWS would not make than the reverse.
func satisfied(operator, key string, values []string, i invocation) bool {
	actual := ""
	switch strings.ToLower(key) {
	case "aws:sourcearn":
		actual = i.source
	case "aws:sourceaccount":
		actual = i.account
	default:
		return false
	}
	match := func(string) bool { return false }
	switch operator {
	case "StringEquals":
		match = func(want string) bool { return want == actual }
	case "StringLike":
		match = func(pattern string) bool { return glob(pattern, actual) }
	case "ArnLike", "ArnEquals":
		match = func(pattern string) bool { return arnLike(pattern, actual) }
	}
	return slices.ContainsFunc(values, match)
}

// arnLike compares the six parts of two ARNs one by one.
func arnLike(pattern, arn string) bool {
	p, a := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(p) != 6 || len(a) != 6 {
		return false
	}
	for i := range p {
		if !glob(p[i], a[i]) {
			return false
		}
	}
	return true
}

// glob matches * (any run of characters) and ? (one character).
func glob(pattern, s string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
