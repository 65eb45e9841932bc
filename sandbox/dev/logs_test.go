package dev

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// appendTo adds text to a file.
func appendTo(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTheLogsOfOneStackAreFollowed(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	function := filepath.Join(l.Data(), "functions", "logs", "api-1.log")
	appendTo(t, function, "before\n")
	s, out := newScreen(false)
	logs := followLogs(l, "didomi-dev-", newRequests(s))
	logs.functions([]string{"api-1"})
	read := func(now time.Time) string {
		t.Helper()
		out.Reset()
		if err := logs.read(now); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	now := time.Now()

	t.Run("from their end", func(t *testing.T) {
		appendTo(t, function, "after\nincompl")
		if got := read(now); !strings.HasSuffix(got, "after\n") || strings.Contains(got, "before") || strings.Contains(got, "incompl") {
			t.Errorf("%q", got)
		}
		appendTo(t, function, "ete\n")
		if got := read(now); !strings.HasSuffix(got, "incomplete\n") {
			t.Errorf("%q", got)
		}
	})
	t.Run("without another stack's requests", func(t *testing.T) {
		arn := "arn:aws:logs:eu-west-1:000000000000:log-group:didomi-"
		appendTo(t, l.Log("access"), arn+"prod-api-access-log "+strings.Replace(entry, "GET", "PUT", 1)+"\n"+arn+"dev-api-access-log "+entry+"\n")
		read(now)
		if got := read(now.Add(2 * joinTimeout)); !strings.Contains(got, "GET ") || strings.Contains(got, "PUT ") {
			t.Errorf("%q", got)
		}
	})
	t.Run("in a file that was rotated", func(t *testing.T) {
		if err := os.Rename(function, function+".1"); err != nil {
			t.Fatal(err)
		}
		appendTo(t, function, "new\n")
		if got := read(now); !strings.HasSuffix(got, "new\n") {
			t.Errorf("%q", got)
		}
	})
}
