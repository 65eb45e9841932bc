package deploy

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestKilled(t *testing.T) {
	l := layout.Layout{Root: filepath.Join(t.TempDir(), ".sandbox")}
	done, err := busy(l, "dev")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := busy(l, "prod"); err != nil {
		t.Fatal(err)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	t.Run("a run that did not end is known by its mark", func(t *testing.T) {
		if names, err := Killed(l); err != nil || !slices.Equal(names, []string{"prod"}) {
			t.Errorf("%v, %v, want prod alone", names, err)
		}
	})
	t.Run("the mark goes with the account, which is said", func(t *testing.T) {
		if found, err := Discard(l); err != nil || !found {
			t.Fatalf("found %v, %v", found, err)
		}
		if found, err := Discard(l); err != nil || found {
			t.Fatalf("found %v again, %v", found, err)
		}
		if names, err := Killed(l); err != nil || len(names) != 0 {
			t.Errorf("%v, %v, want none", names, err)
		}
	})
}
