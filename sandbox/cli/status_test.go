package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/daemon"
)

func TestTable(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	report := daemon.Report{Parts: []daemon.Part{
		{Kind: "gateway", PID: 7, Addr: "127.0.0.1:4566", Health: "ok", Since: now.Add(-90 * time.Second), Memory: 30 << 20},
		{Kind: "postgres", Name: "main", PID: 8, Addr: "127.77.1.1:5432", Plain: "127.77.1.1:15432", Health: "ended", Since: now},
	}}
	var out strings.Builder
	if err := table(&out, report, now); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, words := range [][]string{
		{"PART", "ADDRESS", "PID", "HEALTH", "UP", "MEMORY"},
		{"gateway", "127.0.0.1:4566", "7", "ok", "1m30s", "30 MiB"},
		{"postgres main", "127.77.1.1:5432 (without TLS 127.77.1.1:15432)", "8", "ended", "0s"},
	} {
		for _, word := range words {
			if !strings.Contains(lines[i], word) {
				t.Errorf("line %q lacks %q", lines[i], word)
			}
		}
	}
}
