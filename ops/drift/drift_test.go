package drift

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/gitlab/standin"
)

func TestOneIssueIsOpenedUpdatedAndClosed(t *testing.T) {
	server := standin.New(t)
	look := func(args ...string) {
		t.Helper()
		var out bytes.Buffer
		err := run(t.Context(), command.IO{Stdout: &out, Stderr: &out}, append([]string{"--stack", "dev"}, args...), func(name string) string {
			return map[string]string{"CI_API_V4_URL": server.URL, "CI_PROJECT_ID": "1", "GITLAB_TOKEN": standin.Token}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	report := func(text string) string {
		name := filepath.Join(t.TempDir(), "report")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	server.AddIssue("Drift of stack dev") // another user's, which stays unchanged
	look()                                // nothing to close
	look("--report", report("memory: 1"))
	look("--report", report("memory: 2\n"))
	issues := server.Issues()
	if len(issues) != 2 || issues[0].Description != "" || !strings.Contains(issues[1].Description, "    memory: 2\n") {
		t.Fatalf("issues %v, want one more, about the last report", issues)
	}
	look()
	if state := server.Issues()[1].State; state != "closed" {
		t.Errorf("the issue is %v once there is no drift", state)
	}
}

func TestTheReportStaysWithinItsCodeBlock(t *testing.T) {
	for name, tt := range map[string]struct{ report, want string }{
		"a carriage return begins no line": {"a\r<!-- b\n/close", "\n    a\\r<!-- b\n    /close\n"},
		"what is cut is counted":           {strings.Repeat("a", maxReport) + "bcd", "a\n    ... cut: 3 more bytes, see the job's log\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := describe("dev", tt.report, ""); !strings.Contains(got, tt.want) {
				t.Errorf("no %q in\n%.2000s", tt.want, got)
			}
		})
	}
}
