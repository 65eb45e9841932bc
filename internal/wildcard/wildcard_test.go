package wildcard

import "testing"

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "a\nb", true},
		{"a", "A", false},
		{"s3:Get*", "s3:GetObject", true},
		{"s3:Get*", "s3:PutObject", false},
		{"*:pg:dev-*", "arn:aws:rds:eu-west-1:1:pg:dev-x", true},
		{"*ab*ab", "abxabab", true},
		{"*ab*ab", "abxaba", false},
		{"a?c", "abc", true},
		{"a?c", "aéc", true},
		{"a?c", "ac", false},
		{"a*?", "a", false},
		{"vpc/${*}", "vpc/*", true},
		{"vpc/${*}", "vpc/1", false},
		{"vpc/*", "vpc/*", true},
		{"a.c", "abc", false},
		{"a**", "a", true},
	} {
		if got := Match(c.pattern, c.text); got != c.want {
			t.Errorf("%q and %q: %v", c.pattern, c.text, got)
		}
	}
}
