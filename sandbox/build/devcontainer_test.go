package build

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readFile returns the text of a file of the repository.
func readFile(t *testing.T, names ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, names...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheDevContainerHasWhatUpRequires(t *testing.T) {
	dockerfile := readFile(t, ".devcontainer", "Dockerfile")
	for _, tool := range []string{"make", "git", "curl", "python3", "python3-venv"} {
		t.Run("it installs "+tool, func(t *testing.T) {
			if !regexp.MustCompile(`install.* ` + regexp.QuoteMeta(tool) + `( |\n)`).MatchString(dockerfile) {
				t.Error(dockerfile)
			}
		})
	}
	t.Run("its Go is pinned, and at least that of every module", func(t *testing.T) {
		image := regexp.MustCompile(`(?m)^FROM golang:(\d+\.\d+\.\d+)-bookworm@sha256:[0-9a-f]{64}$`).FindStringSubmatch(dockerfile)
		if image == nil {
			t.Fatal("no image with exact version and digest")
		}
		for _, module := range []string{"go.mod", "sandbox/go.mod", "sandbox/provider/go.mod", "sandbox/tools/pulumi/go.mod"} {
			required := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(readFile(t, module))
			if required == nil || !isAtLeast(image[1], required[1]) {
				t.Errorf("the image has Go %s, %s requires %v", image[1], module, required)
			}
		}
	})
}

// isAtLeast compares versions of three numbers below 1000.
func isAtLeast(version, oldest string) bool {
	pad := func(v string) string {
		parts := strings.Split(v, ".")
		for i, part := range parts {
			parts[i] = strings.Repeat("0", max(0, 3-len(part))) + part
		}
		return strings.Join(parts, ".")
	}
	return pad(version) >= pad(oldest)
}

func TestTheDevContainerHasNoPrivileges(t *testing.T) {
	text := regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAllString(readFile(t, ".devcontainer", "devcontainer.json"), "")
	var container struct {
		RemoteUser  string   `json:"remoteUser"`
		RunArgs     []string `json:"runArgs"`
		Privileged  bool     `json:"privileged"`
		CapAdd      []string `json:"capAdd"`
		SecurityOpt []string `json:"securityOpt"`
	}
	if err := json.Unmarshal([]byte(text), &container); err != nil {
		t.Fatal(err)
	}
	if container.RemoteUser != "dev" || container.Privileged || len(container.CapAdd) > 0 || len(container.SecurityOpt) > 0 {
		t.Errorf("%+v", container)
	}
	if want := []string{"--cap-drop=ALL", "--security-opt=no-new-privileges"}; !slices.Equal(container.RunArgs, want) {
		t.Errorf("runArgs %v, want %v", container.RunArgs, want)
	}
}
