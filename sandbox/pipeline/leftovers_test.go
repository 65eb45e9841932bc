package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestWhatAJobLeavesForOthersIsFound(t *testing.T) {
	vars := map[string]string{"AWS_TOKEN": "the token", "PROD_CI_KEY_SECRET": "the key", "DEV_CI_KEY_SECRET": "", "PROD_CI_KEY_ID": "the id"}
	for name, tt := range map[string]struct {
		file, content string
		found         bool
	}{
		"a token in the working copy":              {"pipeline/project/.gitlab-ci-local/builds/deploy/.build/x", "so the token is", true},
		"a key in what later jobs get":             {"pipeline/project/.gitlab-ci-local/artifacts/deploy/x", "the key", true},
		"a token in the machine's temporary files": {"pipeline/tmp/x", "the token", true},
		"an update's plan":                         {"pipeline/project/.gitlab-ci-local/builds/deploy/plan-dev.json", "{}", true},
		"a preview":                                {"pipeline/project/.gitlab-ci-local/builds/deploy/preview-dev.json", "{}", false},
		"which key it was":                         {"pipeline/project/.gitlab-ci-local/builds/deploy/x", "the id", false},
		"the variables of the stand-in for GitLab": {"pipeline/project/.gitlab-ci-local-variables.yml", "the token", false},
	} {
		t.Run(name, func(t *testing.T) {
			l := layout.Layout{Root: t.TempDir()}
			path := filepath.Join(l.Root, tt.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := (&Runner{Layout: l, Project: &Project{dir: ProjectDir(l)}}).leftovers(secrets(vars))
			if (err != nil) != tt.found || tt.found && !strings.Contains(err.Error(), path) {
				t.Errorf("%v, want the file named: %v", err, tt.found)
			}
		})
	}
}
