package note

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// document returns the JSON object in a string, or the object itself; else nil. A text in which a name occurs twice is
// no document: parsers differ in which one counts, so it is shown unchanged.
func document(value any) map[string]any {
	if object, ok := value.(map[string]any); ok {
		return object
	}
	s, ok := value.(string)
	if !ok || !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(s))
	decoder.UseNumber()
	var object map[string]any
	if decoder.Decode(&object) != nil || object == nil {
		return nil
	}
	again, err := json.Marshal(object)
	if err != nil || tokens([]byte(s)) != tokens(again) {
		return nil
	}
	return object
}

// tokens returns the number of tokens of a JSON text, -1 if it is invalid. If a name occurs twice, a map of the text has
// fewer tokens.
func tokens(text []byte) int {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for n := 0; ; n++ {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			return -1
		}
	}
}

// statementKey is the member of a policy with its statements, a list or a single one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html
const statementKey = "Statement"

func isPolicy(document map[string]any) bool {
	switch document[statementKey].(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// policies lists the statements that a policy loses and gains, each whole; their order is irrelevant to AWS. Where a
// statement has a successor with the same Sid, the elements that differ follow.
func policies(path string, was, is map[string]any) []line {
	removed, added := statements(was), statements(is)
	for key, n := range removed {
		both := min(n, added[key])
		removed[key], added[key] = n-both, added[key]-both
	}
	var lines []line
	list := func(sign byte, all map[string]int) {
		for _, key := range slices.Sorted(maps.Keys(all)) {
			for range all[key] {
				lines = append(lines, line{sign, path + "." + statementKey, key})
			}
		}
	}
	list('-', removed)
	list('+', added)
	lines = append(lines, elements(path, bySid(was, removed), bySid(is, added))...)
	return append(lines, compareMaps(path, others(was), others(is))...)
}

// others are a policy's members without its statements.
func others(policy map[string]any) map[string]any {
	rest := map[string]any{}
	maps.Copy(rest, policy)
	delete(rest, statementKey)
	return rest
}

func listOf(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// statements counts a policy's statements, by their text.
func statements(policy map[string]any) map[string]int {
	all := map[string]int{}
	for _, s := range listOf(policy[statementKey]) {
		all[text(s)]++
	}
	return all
}

// bySid are those of a policy's statements that are left, by their Sid.
func bySid(policy map[string]any, left map[string]int) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, s := range listOf(policy[statementKey]) {
		statement, _ := s.(map[string]any)
		if sid, ok := statement["Sid"].(string); ok && left[text(s)] > 0 {
			all[sid] = statement
		}
	}
	return all
}

// elements lists the differences between statements with the same Sid. The order of a list is irrelevant here too.
func elements(path string, was, is map[string]map[string]any) []line {
	var lines []line
	for _, sid := range slices.Sorted(maps.Keys(was)) {
		if _, both := is[sid]; !both {
			continue
		}
		before, after := flatten(was[sid]), flatten(is[sid])
		at := fmt.Sprintf("%s.%s %s", path, statementKey, quoted(sid))
		for _, element := range slices.Sorted(maps.Keys(before)) {
			if !after[element] {
				lines = append(lines, line{'!', at, "without " + element})
			}
		}
		for _, element := range slices.Sorted(maps.Keys(after)) {
			if !before[element] {
				lines = append(lines, line{'!', at, "with " + element})
			}
		}
	}
	return lines
}

// flatten returns a statement as the set of its elements' values.
func flatten(statement map[string]any) map[string]bool {
	all := map[string]bool{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		if object, ok := value.(map[string]any); ok && len(object) > 0 {
			for key, item := range object {
				walk(below(path, key), item)
			}
			return
		}
		for _, item := range listOf(value) {
			all[path+" "+text(item)] = true
		}
	}
	walk("", statement)
	return all
}
