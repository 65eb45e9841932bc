package handler

import (
	"strconv"
	"strings"
)

// parseRange parses a Range header with one range of bytes and returns it in canonical form. For everything else
// (several ranges, another unit, malformed ones) it returns "": RFC 9110, 14.2 requires the complete body then.
func parseRange(header string) string {
	unit, spec, ok := strings.Cut(strings.TrimSpace(header), "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return ""
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || first == "" && last == "" {
		return ""
	}
	from, fromOK := parsePosition(first)
	to, toOK := parsePosition(last)
	if !fromOK || !toOK || first != "" && last != "" && from > to {
		return ""
	}
	return "bytes=" + canonical(first, from) + "-" + canonical(last, to)
}

// parsePosition parses digits only. A number that overflows becomes the largest one.
func parsePosition(digits string) (int64, bool) {
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	if digits == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil || n > 0
}

func canonical(digits string, position int64) string {
	if digits == "" {
		return ""
	}
	return strconv.FormatInt(position, 10)
}
