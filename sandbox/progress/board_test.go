package progress

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBoard(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	board := New(out)
	first, second := board.Start("compile"), board.Start("link")
	first.Detail("3 of %d", 7)
	board.mu.Lock()
	board.show() // as the clock does
	board.mu.Unlock()
	first.End(nil)
	second.End(errors.New("no"))
	board.Say("hello")
	board.Close()
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	want := []string{
		"compile ...", "link ...", "working: compile 0s (3 of 7), link 0s",
		"compile: done in 0s (3 of 7)", "link: FAILED in 0s", "hello",
	}
	if len(lines) != len(want) {
		t.Fatalf("lines\n%s\nwant %q", text, want)
	}
	for i := range want {
		if got := strings.TrimPrefix(lines[i], "[    0s] "); got != want[i] {
			t.Errorf("line %q, want %q", got, want[i])
		}
	}
	if strings.ContainsAny(string(text), "\r\033") {
		t.Error("a file gets a terminal's control characters")
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0s", 59600 * time.Millisecond: "1m00s", 7 * time.Second: "7s",
		187 * time.Second: "3m07s", 3720 * time.Second: "1h02m",
	} {
		t.Run(want, func(t *testing.T) {
			if got := Duration(d); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
