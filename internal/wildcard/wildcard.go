// Package wildcard matches the patterns of IAM policies.
package wildcard

import (
	"slices"
	"strings"
)

const (
	anyString rune = -1 - iota
	anyCharacter
)

// LiteralAsterisk is the policy variable for the character itself, with which AWS ends the ARN of a resource
// that is about to be created.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
const LiteralAsterisk = "${*}"

// Match reports whether a string matches a pattern, in which * is any string and ? any one character.
func Match(pattern, text string) bool {
	p, t := parse(pattern), []rune(text)
	star, retry := -1, 0 // the last asterisk, and where what it matches ends at present
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == anyString:
			star, retry = i, j
			i++
		case i < len(p) && (p[i] == anyCharacter || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			retry++
			i, j = star+1, retry
		default:
			return false
		}
	}
	return !slices.ContainsFunc(p[i:], func(r rune) bool { return r != anyString })
}

func parse(pattern string) []rune {
	parsed := make([]rune, 0, len(pattern))
	for i, literal := range strings.Split(pattern, LiteralAsterisk) {
		if i > 0 {
			parsed = append(parsed, '*')
		}
		for _, r := range literal {
			switch r {
			case '*':
				r = anyString
			case '?':
				r = anyCharacter
			}
			parsed = append(parsed, r)
		}
	}
	return parsed
}
