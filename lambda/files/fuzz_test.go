package files

import (
	"fmt"
	"testing"
)

func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 2-4/10", "bytes */10", "bytes 9223372036854775808-1/2", "2-4/10", "bytes -1-2/3", ""} {
		f.Add(seed, int64(2))
	}
	f.Fuzz(func(t *testing.T, header string, first int64) {
		if at := rangeStart(header); at < 0 {
			t.Fatalf("%q begins at %d", header, at)
		}
		if first < 0 {
			return
		}
		if at := rangeStart(fmt.Sprintf("bytes %d-%d/*", first, first)); at != first {
			t.Fatalf("%d was read as %d", first, at)
		}
	})
}
