package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.log")
	write := func(text string, flags int) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flags, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	reader := logReader{out: &out, at: map[string]int64{}}
	for _, c := range []struct {
		name, add string
		flags     int
		want      string
	}{
		{"a log seen first shows its last lines", "one\ntwo\nthree\nhal", os.O_APPEND, "api | two\napi | three\n"},
		{"a line is shown once it is whole", "f\n", os.O_APPEND, "api | half\n"},
		{"nothing new shows nothing", "", os.O_APPEND, ""},
		{"a recreated log is read from its start", "new\n", os.O_TRUNC, "api | new\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out.Reset()
			write(c.add, c.flags)
			if err := reader.read(path, 2); err != nil {
				t.Fatal(err)
			}
			if out.String() != c.want {
				t.Errorf("shown %q, want %q", out.String(), c.want)
			}
		})
	}
}
