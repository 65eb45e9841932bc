package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestAdopt(t *testing.T) {
	l := layout.Layout{Root: filepath.Join(t.TempDir(), ".sandbox")}
	checkpoint := filepath.Join(l.State(), "checkpoint.json")
	for _, c := range []struct {
		name, generation string
		discarded, kept  bool
	}{
		{"a first state is begun without a word", "one", false, false},
		{"the state of the same account is kept", "one", false, true},
		{"the state of another account is discarded", "two", true, false},
		{"and the new one is kept from then on", "two", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			discarded, err := Adopt(l, c.generation)
			if err != nil || discarded != c.discarded {
				t.Fatalf("discarded %v, error %v, want %v", discarded, err, c.discarded)
			}
			if _, err := os.Stat(checkpoint); (err == nil) != c.kept {
				t.Errorf("checkpoint: %v, want it kept: %v", err, c.kept)
			}
			if err := writeWhole(checkpoint, []byte("{}")); err != nil {
				t.Fatal(err)
			}
		})
	}
}

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
	t.Run("the mark goes with the state", func(t *testing.T) {
		if err := Discard(l); err != nil {
			t.Fatal(err)
		}
		if names, err := Killed(l); err != nil || len(names) != 0 {
			t.Errorf("%v, %v, want none", names, err)
		}
	})
}
