package elasticache

import (
	"slices"
	"testing"
)

func TestAnAuthTokenChangesByItsUpdateStrategy(t *testing.T) {
	for _, test := range []struct {
		name            string
		before          []string
		token, strategy string
		want            []string
	}{
		{"ROTATE keeps the last token valid", []string{"a", "b"}, "c", "ROTATE", []string{"b", "c"}},
		{"ROTATE is the default", []string{"a"}, "b", "", []string{"a", "b"}},
		{"SET makes the new token the only one", []string{"a", "b"}, "b", "SET", []string{"b"}},
		{"DELETE removes all tokens", []string{"a"}, "", "DELETE", nil},
		{"another change keeps the tokens", []string{"a"}, "", "", []string{"a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := changedTokens(test.before, test.token, test.strategy); !slices.Equal(got, test.want) {
				t.Errorf("changedTokens() = %v, want %v", got, test.want)
			}
		})
	}
}
