package build

import (
	"strings"
	"testing"
)

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{"1.26": true, "1.26.8": true, "1.27rc1": true, "2.0": true, "1.25.9": false, "0.99": false, "devel": false} {
		t.Run(version+" against 1.26", func(t *testing.T) {
			if got := atLeast(version, "1.26"); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestPrerequisites(t *testing.T) {
	t.Run("everything that is missing is reported at once", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		err := Prerequisites(t.Context())
		if err == nil {
			t.Fatal("no error")
		}
		for _, tool := range []string{"go 1.26", "python 3.11", "make", "git", "curl"} {
			if !strings.Contains(err.Error(), tool) {
				t.Errorf("%s is not named in: %v", tool, err)
			}
		}
	})
	t.Run("this machine has them", func(t *testing.T) {
		if err := Prerequisites(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
