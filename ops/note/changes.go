package note

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

// line is a change of one property: removed (-), added (+), or a remark on both (!).
type line struct {
	sign       byte
	path, text string
}

func (l line) String() string {
	if l.path == "" {
		return fmt.Sprintf("%c   %s", l.sign, l.text)
	}
	return fmt.Sprintf("%c   %s: %s", l.sign, l.path, l.text)
}

// absent stands for a missing property, as opposed to null.
type absent struct{}

// properties returns the lines of one resource: all inputs of a new one, the differences of a changed one. A change has
// at least one line, even that of a secret.
func properties(r *graph.Resource) []string {
	var before any = map[string]any{}
	isNew := r.Op == "create" || r.Op == "import"
	if !isNew {
		before = program(r.Before)
	}
	changed := compare("", before, program(r.Inputs))
	var lines []string
	for _, option := range r.Loosened {
		lines = append(lines, "-   the option "+option+" of Pulumi: a later update may delete or replace it")
	}
	for _, l := range changed {
		lines = append(lines, l.String())
	}
	if isNew {
		return lines
	}
	var unseen []string
	for _, path := range r.Diffs {
		if !slices.ContainsFunc(changed, func(l line) bool { return within(l.path, path) || within(path, l.path) }) {
			unseen = append(unseen, escaped(path))
		}
	}
	if len(unseen) > 0 {
		lines = append(lines, "!   differ without a value to show, as secrets or the provider's own: "+strings.Join(unseen, ", "))
	}
	for _, path := range r.Replaces {
		lines = append(lines, fmt.Sprintf("    %s forces the replacement", escaped(path)))
	}
	if len(lines) == 0 {
		lines = []string{"!   no input differs that can be shown: the change is of a secret or internal to Pulumi"}
	}
	return lines
}

// within reports whether a path is another one or below it.
func within(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], ".[:"))
}

// program returns a value without the engine's own list __defaults. A string of that name is the program's.
func program(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, item := range v {
			if _, list := item.([]any); key != "__defaults" || !list {
				out[key] = program(item)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = program(item)
		}
		return out
	}
	return value
}

// compare lists the differences of two values. Values that differ have at least one line.
func compare(path string, was, is any) []line {
	if reflect.DeepEqual(was, is) {
		return nil
	}
	wasDoc, isDoc := document(was), document(is)
	_, wasString := was.(string)
	_, isString := is.(string)
	if was != (absent{}) && is != (absent{}) && wasString != isString {
		return leaf(path, was, is)
	}
	if bothPolicies(was, is, wasDoc, isDoc) {
		if lines := policies(path, wasDoc, isDoc); len(lines) > 0 {
			return lines
		}
		return leaf(path, was, is)
	}
	if a, b := asMap(was), asMap(is); a != nil && b != nil && len(a)+len(b) > 0 {
		return compareMaps(path, a, b)
	}
	if a, b := asList(was), asList(is); a != nil && b != nil && len(a)+len(b) > 0 {
		return compareLists(path, a, b)
	}
	// Two JSON documents in strings. Those that differ in formatting alone are shown unchanged.
	if wasDoc != nil && isDoc != nil {
		if lines := compare(path+":", wasDoc, isDoc); len(lines) > 0 {
			return lines
		}
	}
	return leaf(path, was, is)
}

// bothPolicies reports whether two values are policies, or one of them is and the other is missing.
func bothPolicies(was, is any, wasDoc, isDoc map[string]any) bool {
	return (isPolicy(wasDoc) || was == (absent{})) && (isPolicy(isDoc) || is == (absent{}))
}

// asMap returns the value as an object, an empty one where it is missing; nil where it is something else.
func asMap(value any) map[string]any {
	if m, ok := value.(map[string]any); ok {
		return m
	}
	if _, ok := value.(absent); ok {
		return map[string]any{}
	}
	return nil
}

func asList(value any) []any {
	if l, ok := value.([]any); ok && l != nil {
		return l
	}
	if _, ok := value.(absent); ok {
		return []any{}
	}
	return nil
}

func compareMaps(path string, was, is map[string]any) []line {
	all := maps.Clone(was)
	maps.Copy(all, is)
	var lines []line
	for _, key := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, compare(below(path, key), item(was, key), item(is, key))...)
	}
	return lines
}

func item(m map[string]any, key string) any {
	if value, ok := m[key]; ok {
		return value
	}
	return absent{}
}

func compareLists(path string, was, is []any) []line {
	at := func(list []any, i int) any {
		if i < len(list) {
			return list[i]
		}
		return absent{}
	}
	var lines []line
	for i := range max(len(was), len(is)) {
		lines = append(lines, compare(fmt.Sprintf("%s[%d]", path, i), at(was, i), at(is, i))...)
	}
	return lines
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// below is the path of a key, in Pulumi's form: no two keys have the same path.
func below(path, key string) string {
	switch {
	case !plainKey.MatchString(key):
		return path + "[" + quoted(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// leaf shows two values that are not compared any deeper.
func leaf(path string, was, is any) []line {
	wasText, isText := text(was), text(is)
	if a, ok := was.(string); ok {
		if b, ok := is.(string); ok && len(a) > longValue && len(b) > longValue && !masked(a) && !masked(b) {
			wasText, isText = difference(a, b)
		}
	}
	var lines []line
	if was != (absent{}) {
		lines = append(lines, line{'-', path, wasText})
	}
	if is != (absent{}) {
		lines = append(lines, line{'+', path, isText})
	}
	return lines
}

func masked(s string) bool { return s == graph.Unknown || s == graph.Secret }

// longValue is the length in bytes from which two strings are shown by their difference alone.
const longValue = 200

// difference shows two long strings without their common prefix and suffix.
func difference(a, b string) (string, string) {
	const around = 40
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	start, end = max(0, start-around), max(0, end-around)
	shown := func(s string) string {
		out := quoted(s[start : len(s)-end])
		if start > 0 {
			out = fmt.Sprintf("(%d equal bytes) ", start) + out
		}
		if end > 0 {
			out += fmt.Sprintf(" (%d equal bytes)", end)
		}
		return out
	}
	return shown(a), shown(b)
}

// text returns a value on one line: strings in quotation marks, so that they differ from other values.
func text(value any) string {
	switch v := value.(type) {
	case absent:
		return ""
	case string:
		switch v {
		case graph.Unknown:
			return "(known after the update)"
		case graph.Secret:
			return graph.Secret
		}
		return quoted(v)
	}
	return encoded(value)
}

// encoded returns a value as JSON, with \u0060 for a backtick.
func encoded(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		return quoted(fmt.Sprint(value))
	}
	return visible(string(out))
}
