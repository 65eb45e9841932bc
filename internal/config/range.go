package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Quote quotes a string for a FieldError; an empty string stays empty, which reads as "not set".
func Quote(value string) string {
	if value == "" {
		return ""
	}
	return strconv.Quote(value)
}

// Between reports an integer outside low to high, both allowed.
func Between(key string, value, low, high int) []FieldError {
	if value >= low && value <= high {
		return nil
	}
	return []FieldError{{key, strconv.Itoa(value), fmt.Sprintf("an integer from %d to %d", low, high)}}
}

// OneOf reports a value that is not in the list.
func OneOf[T ~int | ~string](key string, value T, allowed ...T) []FieldError {
	if slices.Contains(allowed, value) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = fmt.Sprint(a)
	}
	shown := strings.TrimPrefix(fmt.Sprintf("%#v", value), `""`)
	return []FieldError{{key, shown, "one of " + strings.Join(names, ", ")}}
}

// LogRetention reports a number of days that is no retention of CloudWatch Logs.
func LogRetention(key string, days int) []FieldError {
	return OneOf(key, days, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
		1096, 1827, 2192, 2557, 2922, 3288, 3653)
}
