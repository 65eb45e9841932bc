package secretscan

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Values are secret values by name.
type Values map[string]string

func (v Values) add(what, value string) {
	if value != "" {
		v[what] = value
	}
}

// In returns the names of the values that a text contains, plain or encoded.
func (v Values) In(text []byte) []string { return v.search().in(text) }

// Under returns the names of the values in each file of a directory. A file that is deleted meanwhile contains none.
func (v Values) Under(folder string) ([]string, error) {
	var found []string
	values := v.search()
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, what := range values.in(content) {
			found = append(found, fmt.Sprintf("%s holds %s", name, what))
		}
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("search %s for secrets: %w", folder, err)
	}
	return found, nil
}

// forms are the encodings of a value in a text.
func forms(value string) []string {
	all := []string{value, url.QueryEscape(value), url.PathEscape(value)}
	if quoted, err := json.Marshal(value); err == nil {
		once := strings.Trim(string(quoted), `"`)
		all = append(all, once, strings.ReplaceAll(strings.ReplaceAll(once, `\`, `\\`), `"`, `\"`))
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		all = append(all, encoded(encoding, value)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// encoded are the three forms of a value in the base64 of a longer text, by its offset there, without the characters
// that depend on the text around it.
func encoded(encoding *base64.Encoding, value string) []string {
	var all []string
	for before := range 3 {
		text := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
		first := (before*8 + 5) / 6
		last := (before + len(value)) * 8 / 6
		all = append(all, text[first:last])
	}
	return all
}
