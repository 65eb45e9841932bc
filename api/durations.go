package api

import (
	"fmt"
	"time"

	"github.com/didomi/serverless-api/internal/config"
)

// duration checks a duration of the configuration; mustBe says what is valid.
func duration(key, value, mustBe string, valid func(time.Duration) bool) []config.FieldError {
	if parsed, err := time.ParseDuration(value); err == nil && valid(parsed) {
		return nil
	}
	return []config.FieldError{{Key: key, Value: config.Quote(value), MustBe: mustBe}}
}

// lifetimes checks the cache's durations.
func (c Config) lifetimes() []config.FieldError {
	const longest = 24 * time.Hour
	var problems []config.FieldError
	for _, d := range []struct {
		key, value string
		least      time.Duration
	}{
		{"cacheTtl", c.CacheTTL, time.Second},
		{"staleTtl", c.StaleTTL, 0},
		{"negativeTtl", c.NegativeTTL, 0},
	} {
		mustBe := "a duration from " + d.least.String() + " to 24h, such as 90s or 10m"
		problems = append(problems, duration(d.key, d.value, mustBe, func(v time.Duration) bool { return d.least <= v && v <= longest })...)
	}
	return problems
}

// wholeSeconds checks a duration in seconds, from none to the longest.
func wholeSeconds(key, value string, longest time.Duration) []config.FieldError {
	mustBe := fmt.Sprintf("a duration in whole seconds from 0s to %s, such as 30s", longest)
	return duration(key, value, mustBe, func(v time.Duration) bool { return 0 <= v && v <= longest && v%time.Second == 0 })
}
