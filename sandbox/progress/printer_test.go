package progress

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPrinter(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	printer, now := New(out), time.Now()
	printer.start, printer.now = now, func() time.Time { return now }
	first := printer.Start("compile")
	now = now.Add(7 * time.Second)
	second := printer.Start("link")
	first.SetDetail("3 of %d", 7)
	printer.mu.Lock()
	printer.show() // as tick does
	printer.mu.Unlock()
	forecast := newForecast(func() time.Time { return now.Add(time.Minute) })
	forecast.start = now
	forecast.Add(time.Minute).SetDone(0.5)
	printer.Expect(forecast)
	printer.mu.Lock()
	printer.show()
	printer.mu.Unlock()
	printer.Expect(nil)
	now = now.Add(time.Minute)
	first.Done(nil)
	second.Done(errors.New("no"))
	printer.Printf("hello")
	printer.Close()
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	want := []string{
		"[    0s] compile ...", "[    7s] link ...", "[    7s] working: compile 7s (3 of 7), link 0s",
		"[    7s] working: compile 7s (3 of 7), link 0s; about 1m00s left",
		"[ 1m07s] compile: done in 1m07s (3 of 7)", "[ 1m07s] link: FAILED in 1m00s", "[ 1m07s] hello",
	}
	if len(lines) != len(want) {
		t.Fatalf("lines\n%s\nwant %q", text, want)
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("line %q, want %q", lines[i], want[i])
		}
	}
	if strings.ContainsAny(string(text), "\r\033") {
		t.Error("the file contains a terminal's control characters")
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
