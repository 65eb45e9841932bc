package cli

import "testing"

func TestATypeThatTheProviderIsBuiltWithout(t *testing.T) {
	for _, c := range []struct {
		name, problem string
		want          bool
	}{
		{"a type of AWS is recognized", "aws:sqs/queue:Queue (queue): Resource type 'aws:sqs/queue:Queue' not found.", true},
		{"a resource that AWS does not find is none", "aws:sqs/queue:Queue (queue): queue 'aws:sqs' not found", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := servedNoMore([]string{"update failed", c.problem}); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}
