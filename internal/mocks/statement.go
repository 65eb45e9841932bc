package mocks

import (
	"encoding/json"
	"slices"
	"testing"
)

// Statement is one statement of an IAM policy document.
type Statement struct {
	Sid         string
	Effect      string
	Action      []string
	NotAction   []string
	Resource    []string
	NotResource []string
	Principal   map[string]any
	Condition   map[string]map[string]any
}

// Statements are those of the document, an input of a resource; the test fails when it is no policy document.
func Statements(t *testing.T, document any) []Statement {
	t.Helper()
	var parsed struct{ Statement []Statement }
	text, _ := document.(string)
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatalf("%v in %v", err, document)
	}
	return parsed.Statement
}

// FindStatement is the first statement with the sid; the test fails when there is none.
func FindStatement(t *testing.T, all []Statement, sid string) Statement {
	t.Helper()
	i := slices.IndexFunc(all, func(s Statement) bool { return s.Sid == sid })
	if i < 0 {
		t.Fatalf("no statement %q in %v", sid, all)
	}
	return all[i]
}
