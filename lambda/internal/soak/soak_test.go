package soak_test

import (
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/internal/soak"
)

func TestSOAKSetsHowLongATestRuns(t *testing.T) {
	for name, test := range map[string]struct {
		value string
		want  time.Duration
	}{
		"the short time unless it is set": {"", time.Second},
		"its time if it is set":           {"5m", 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SOAK", test.value)
			if got := soak.For(t, time.Second); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
