package adopt

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// replacement replaces names with other ones in a text.
type replacement func(text []byte) []byte

// replacements are those from one identity to another, longer names first, because they contain the shorter ones.
func replacements(from, to Identity) []replacement {
	return []replacement{
		replace(from.Module, to.Module),
		replace(from.path(), to.path()),
		replace(from.Domain, to.Domain),
		replace(from.Project, to.Project),
	}
}

// replace replaces a name where it is not a part of a longer word.
func replace(from, to string) replacement {
	pattern := regexp.MustCompile(`\b` + regexp.QuoteMeta(from) + `\b`)
	return func(text []byte) []byte { return pattern.ReplaceAllLiteral(text, []byte(to)) }
}

// rename replaces the names in every tracked text file, and returns how many files it has changed.
func (r repository) rename(ctx context.Context, from, to Identity) (int, error) {
	paths, err := r.files(ctx)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, path := range paths {
		changed, err := renameFile(filepath.Join(r.dir, path), replacements(from, to))
		if err != nil {
			return count, fmt.Errorf("rename in %s: %w", path, err)
		}
		if changed {
			count++
		}
	}
	return count, nil
}

func renameFile(path string, replacements []replacement) (bool, error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	before, err := os.ReadFile(path)
	if err != nil || bytes.IndexByte(before, 0) >= 0 {
		return false, err
	}
	after := before
	for _, replace := range replacements {
		after = replace(after)
	}
	if bytes.Equal(before, after) {
		return false, nil
	}
	// The order of imports and the columns of comments follow the names.
	if strings.HasSuffix(path, ".go") {
		if formatted, err := format.Source(after); err == nil {
			after = formatted
		}
	}
	return true, os.WriteFile(path, after, info.Mode().Perm())
}
