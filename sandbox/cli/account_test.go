package cli

import (
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/daemon"
)

func TestDistrust(t *testing.T) {
	well := daemon.Report{Healthy: true, Parts: []daemon.Part{{Kind: "gateway", Health: "ok"}}}
	broken := daemon.Report{Parts: []daemon.Part{{Kind: "gateway", Health: "ok"}, {Kind: "postgres", Name: "main", Health: "ended"}}}
	for name, c := range map[string]struct {
		running bool
		report  daemon.Report
		killed  []string
		want    string // in the reason; empty: no reason
	}{
		"a healthy account is gone on with":             {true, well, nil, ""},
		"no account yet is no reason either":            {false, daemon.Report{}, nil, ""},
		"a run killed half-way is not gone on with":     {true, well, []string{"dev"}, "dev was killed"},
		"nor is one whose account has gone meanwhile":   {false, daemon.Report{}, []string{"prod"}, "prod was killed"},
		"an account with a dead server is named broken": {true, broken, nil, "postgres main"},
	} {
		t.Run(name, func(t *testing.T) {
			got := restartReason(c.running, c.report, c.killed)
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("reason %q, want %q in it", got, c.want)
			}
		})
	}
}
