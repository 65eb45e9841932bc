package serviceauth

import (
	"regexp"
	"strings"
)

// token is an element of a pattern: a character or a wildcard.
type token struct {
	char byte
	// any matches any string, one any one character, part a string without ":" and "/".
	any, one, part bool
}

// A recovery point of AWS Backup is a resource of the service that it was copied from:
// arn:${Partition}:${Vendor}:${Region}:*:${ResourceType}:${RecoveryPointId}.
const anyService = "arn:${Partition}:${Vendor}:"

var placeholder = regexp.MustCompile(`\$\{[^}]+\}|\*`)

// reachable reports whether the pattern of a policy can match an ARN of a resource type in the reference. Except in the
// name of a bucket, the last part of an ARN may be a path.
func reachable(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	service := strings.SplitN(pattern, ":", 4)
	if len(service) < 4 || !strings.HasPrefix(arn, anyService) && !strings.HasPrefix(arn, "arn:${Partition}:"+service[2]+":") {
		return false
	}
	var kind []token
	end := 0
	for _, at := range placeholder.FindAllStringIndex(arn, -1) {
		kind = append(literal(kind, arn[end:at[0]]), token{any: true, part: at[1] < len(arn) || arn == bucketARN})
		end = at[1]
	}
	return overlap(wildcards(pattern), literal(kind, arn[end:]))
}

const bucketARN = "arn:${Partition}:s3:::${BucketName}"

func literal(tokens []token, text string) []token {
	for i := range len(text) {
		tokens = append(tokens, token{char: text[i]})
	}
	return tokens
}

func wildcards(pattern string) []token {
	tokens := literal(nil, pattern)
	for i := range tokens {
		tokens[i].any, tokens[i].one = tokens[i].char == '*', tokens[i].char == '?'
	}
	return tokens
}

// overlap reports whether some string matches both.
func overlap(a, b []token) bool {
	// fits[i][j] is whether the rests from i and j overlap.
	fits := make([][]bool, len(a)+1)
	for i := len(a); i >= 0; i-- {
		fits[i] = make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			inA, inB := i < len(a), j < len(b)
			switch {
			case !inA && !inB:
				fits[i][j] = true
			case inA && a[i].any:
				fits[i][j] = fits[i+1][j] || inB && fits[i][j+1]
			case inB && b[j].any:
				fits[i][j] = fits[i][j+1] || inA && b[j].holds(a[i]) && fits[i+1][j]
			default:
				fits[i][j] = inA && inB && (a[i].one || a[i].char == b[j].char) && fits[i+1][j+1]
			}
		}
	}
	return fits[0][0]
}

// holds reports whether a string that t matches may contain the token.
func (t token) holds(in token) bool {
	return !t.part || in.any || in.one || in.char != ':' && in.char != '/'
}
