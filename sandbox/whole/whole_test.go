package whole

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestMake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder")
	t.Run("what fails half-way is not there", func(t *testing.T) {
		broken := errors.New("broken")
		err := Make(path, func(half string) error {
			return errors.Join(os.MkdirAll(filepath.Join(half, "part"), 0o700), broken)
		})
		if _, stat := os.Stat(path); !errors.Is(err, broken) || !errors.Is(stat, os.ErrNotExist) {
			t.Errorf("error %v, and the path: %v", err, stat)
		}
	})
	t.Run("the next one has nothing of what that left", func(t *testing.T) {
		if err := Make(path, func(half string) error { return os.Mkdir(half, 0o700) }); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(path); err != nil || len(left) != 0 {
			t.Errorf("it holds %v, %v", left, err)
		}
	})
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file")
	for _, content := range []string{"first", "second"} {
		t.Run("the "+content+" content replaces what was there", func(t *testing.T) {
			if err := File(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != content {
				t.Errorf("it holds %q, %v", got, err)
			}
		})
	}
}
