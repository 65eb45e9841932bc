package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory")
	t.Run("leaves nothing at the path when filling fails", func(t *testing.T) {
		broken := errors.New("broken")
		err := Create(path, func(temporary string) error {
			return errors.Join(os.MkdirAll(filepath.Join(temporary, "child"), 0o700), broken)
		})
		if _, stat := os.Stat(path); !errors.Is(err, broken) || !errors.Is(stat, os.ErrNotExist) {
			t.Errorf("error %v, and the path: %v", err, stat)
		}
	})
	t.Run("removes the leftovers of the failed run", func(t *testing.T) {
		if err := Create(path, func(temporary string) error { return os.Mkdir(temporary, 0o700) }); err != nil {
			t.Fatal(err)
		}
		if entries, err := os.ReadDir(path); err != nil || len(entries) != 0 {
			t.Errorf("it contains %v, %v", entries, err)
		}
	})
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file")
	for _, content := range []string{"first", "second"} {
		t.Run("the "+content+" content replaces what was there", func(t *testing.T) {
			if err := Write(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != content {
				t.Errorf("it contains %q, %v", got, err)
			}
		})
	}
}
