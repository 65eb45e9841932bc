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

// Values are secret values, by what they are.
type Values map[string]string

func (v Values) add(what, value string) {
	if value != "" {
		v[what] = value
	}
}

// In names the values that a text holds, as they are or encoded.
func (v Values) In(text []byte) []string { return v.search().in(text) }

// Under names, file by file, what the files under a folder hold. A file that goes meanwhile holds nothing.
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
		return found, fmt.Errorf("look for secrets in %s: %w", folder, err)
	}
	return found, nil
}

// forms are the ways in which a value can stand in a text.
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

// encoded are the three ways in which a value stands in the base64 of something longer, by where it
// begins there: what its neighbours have a part in is left out.
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
