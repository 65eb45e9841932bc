package cli

import (
	"context"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// A save cancels a preview, also one that has only begun to open the stack.
func TestACancelledOpenReleasesItsLock(t *testing.T) {
	l := layout.Layout{Root: t.TempDir(), Repo: "../.."}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := openDeployed(ctx, l, "dev"); err == nil {
		t.Error("a cancelled preview opened the stack")
	}
	unlock, err := tryLock(l, "up")
	if err != nil {
		t.Fatalf("after it: %v", err)
	}
	unlock()
}
