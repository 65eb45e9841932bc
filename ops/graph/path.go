package graph

import (
	"strconv"
	"strings"
)

// At returns the value at a path of a detailed diff, such as rules[0].name or tags["a.b"]; nil where there is none.
func At(value any, path string) any {
	for path != "" && value != nil {
		key, rest := head(path)
		path = rest
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// head is the first key of a path, and the rest.
func head(path string) (key, rest string) {
	if quoted, ok := strings.CutPrefix(path, `["`); ok {
		key, rest, _ = strings.Cut(quoted, `"]`)
	} else if index, ok := strings.CutPrefix(path, "["); ok {
		key, rest, _ = strings.Cut(index, "]")
	} else {
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			return path, ""
		}
		key, rest = path[:end], path[end:]
	}
	return key, strings.TrimPrefix(rest, ".")
}
