package secretscan

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestAValueIsFoundInEveryEncoding(t *testing.T) {
	const value = `p"as/s+w\ord&1234`
	quoted := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	within := map[string]string{"user": "u", "password": value}
	values := Values{"the key": value, "another": "not-there-at-all"}
	for name, text := range map[string]string{
		"plain":                        "x" + value + "y",
		"in JSON":                      quoted(within),
		"in JSON within JSON":          quoted(quoted(within)),
		"in a URL's query":             "?k=" + url.QueryEscape(value),
		"in a URL's path":              "/" + url.PathEscape(value),
		"base64 alone":                 base64.StdEncoding.EncodeToString([]byte(value)),
		"base64 of a text, at its 1st": base64.StdEncoding.EncodeToString([]byte("abc" + value + "tail")),
		"base64 of a text, at its 2nd": base64.StdEncoding.EncodeToString([]byte("a" + value + "tail")),
		"base64 of a text, at its 3rd": base64.URLEncoding.EncodeToString([]byte("ab" + value + "tail")),
	} {
		t.Run(name, func(t *testing.T) {
			if got := values.In([]byte(text)); !slices.Equal(got, []string{"the key"}) {
				t.Errorf("found %v in %s", got, text)
			}
		})
	}
	if got := values.In([]byte(`p"as/s+w\ord&123`)); got != nil {
		t.Errorf("found %v in a part of the value", got)
	}
}

func TestValuesOfAnyLengthAreFoundAnywhere(t *testing.T) {
	values := Values{"the PIN": "421", "the key": "4217", "a longer key": "42170123456789"}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                          {"no such number", nil},
		"at the beginning":                 {"421 0", []string{"the PIN"}},
		"at the end":                       {"it is 421", []string{"the PIN"}},
		"one that another begins with":     {"it is 4217", []string{"the PIN", "the key"}},
		"all of them, the longest at last": {"1 421 42170123456789", []string{"a longer key", "the PIN", "the key"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := values.In([]byte(c.text)); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
}

func TestFilesAreReportedWithTheirValues(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"clean": "nothing", "deep/log": "key=0123456789abcdef\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Values{"the key": "0123456789abcdef"}.Under(dir)
	if want := []string{filepath.Join(dir, "deep/log") + " holds the key"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("found %v (%v), want %v", got, err, want)
	}
}
