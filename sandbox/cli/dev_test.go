package cli

import (
	"context"
	"testing"
	"time"

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

// Both stacks' loops may be started at once, when neither stack is up.
func TestALoopWaitsForAnotherCommandBeforeItDeploys(t *testing.T) {
	for name, upMeanwhile := range map[string]bool{
		"a stack that is not up then is deployed":              false,
		"one that the other command has deployed is not again": true,
	} {
		t.Run(name, func(t *testing.T) {
			l := layout.Layout{Root: t.TempDir()}
			other, err := tryLock(l, "up")
			if err != nil {
				t.Fatal(err)
			}
			looks, deployed := 0, false
			isUp := func() (bool, error) {
				if looks++; looks == 1 {
					time.AfterFunc(100*time.Millisecond, other) // the loop finds the lock taken meanwhile
					return false, nil
				}
				return upMeanwhile, nil
			}
			deploy := func() error {
				deployed = true
				if _, err := tryLock(l, "up"); err == nil {
					t.Error("it deploys without the lock")
				}
				return nil
			}
			if err := deployOnce(t.Context(), l, isUp, deploy); err != nil || deployed == upMeanwhile {
				t.Errorf("%v, deployed: %v", err, deployed)
			}
		})
	}
}
