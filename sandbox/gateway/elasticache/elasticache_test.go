package elasticache

import (
	"slices"
	"testing"
)

func TestAuthTokensChangeAsTheirStrategySays(t *testing.T) {
	for _, test := range []struct {
		name            string
		before          []string
		token, strategy string
		want            []string
	}{
		{"a rotation keeps the last token beside the new one", []string{"a", "b"}, "c", "ROTATE", []string{"b", "c"}},
		{"a rotation is the default", []string{"a"}, "b", "", []string{"a", "b"}},
		{"a set leaves only the new one", []string{"a", "b"}, "b", "SET", []string{"b"}},
		{"a delete takes all away", []string{"a"}, "", "DELETE", nil},
		{"a change of something else changes none", []string{"a"}, "", "", []string{"a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := changedTokens(test.before, test.token, test.strategy); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
