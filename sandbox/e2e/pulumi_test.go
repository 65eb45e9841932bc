package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// pulumi runs the CLI in dir against the sandbox and returns its standard output, standard error and exit code. The
// timeout suffices for an up or destroy.
func pulumi(t *testing.T, out outputs, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limitUp)
	defer cancel()
	cmd := exec.CommandContext(ctx, out.Pulumi, append(args, "--non-interactive")...)
	cmd.Dir = dir
	cmd.Env = os.Environ()
	for name, value := range out.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(out.Pulumi)+":"+os.Getenv("PATH"))
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("pulumi %s: %v\n%s", strings.Join(args, " "), err, e.String())
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// copyTree copies the files that git tracks, and new ones, so that an edit does not change the checkout.
func copyTree(t *testing.T) string {
	t.Helper()
	root, dir := repository(t), t.TempDir()
	list, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Split(strings.TrimRight(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, not committed
		}
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), content)
	}
	return dir
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// checkFunctionEdit changes the function's code and previews the update.
func checkFunctionEdit(t *testing.T, out outputs) {
	t.Helper()
	dir := copyTree(t)
	writeFile(t, filepath.Join(dir, "lambda", "edited.go"), []byte("package main\n\nimport \"os\"\n\nfunc init() {\n\tif len(os.Args) > 9 {\n\t\tprintln(\"edited\")\n\t}\n}\n"))
	stdout, stderr, code := pulumi(t, out, dir, "preview", "--refresh=false", "--stack", out.Stack, "--config-file", out.ConfigFile, "--json")
	if code != 0 {
		t.Fatalf("preview: exit %d\n%s\n%s", code, stdout, stderr)
	}
	var preview struct {
		Steps []struct{ Op, URN string }
	}
	if err := json.Unmarshal([]byte(stdout), &preview); err != nil {
		t.Fatalf("preview: %v\n%s", err, stdout)
	}
	allowed := map[string][]string{
		"aws:lambda/function:Function":                                         {"update"},
		"aws:lambda/alias:Alias":                                               {"update"},
		"aws:lambda/invocation:Invocation":                                     {"update", "replace", "create-replacement", "delete-replaced"},
		"aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": {"update", "replace", "create-replacement", "delete-replaced"},
	}
	seen := map[string]bool{}
	for _, step := range preview.Steps {
		if step.Op == "same" || step.Op == "read" {
			continue
		}
		parts := strings.Split(step.URN, "::")
		kind := parts[2][strings.LastIndex(parts[2], "$")+1:]
		// One alarm is only for the new version, by its number.
		watched := step.Op == "update" && strings.HasSuffix(step.URN, "-version-errors")
		if !watched && !slices.Contains(allowed[kind], step.Op) {
			t.Errorf("%s: %s is more than an edit of the function may do", step.Op, step.URN)
		}
		seen[kind] = true
	}
	if !seen["aws:lambda/function:Function"] || !seen["aws:lambda/alias:Alias"] {
		t.Errorf("the edit changes %v, want the function and its alias among them", seen)
	}
}

// checkWrongConfig sets several invalid values in a new stack and checks that all are reported and nothing is created.
func checkWrongConfig(t *testing.T, out outputs) {
	t.Helper()
	for _, c := range []struct {
		name string
		edit func(config map[string]any)
		want []string
	}{
		{"an unknown key", func(config map[string]any) {
			config["didomi:network"] = map[string]any{"cidrr": "10.0.0.0/16"}
		}, []string{"cidrr"}},
		{"an invalid network", func(config map[string]any) {
			config["didomi:network"] = map[string]any{"cidr": "10.0.0.0/99"}
		}, []string{"10.0.0.0/99"}},
		{"no domain", func(config map[string]any) {
			delete(config, "didomi:dns")
		}, []string{"domain"}},
		{"three mistakes at once", func(config map[string]any) {
			config["didomi:network"] = map[string]any{"cidr": "nonsense", "zones": 99}
			config["didomi:dns"] = map[string]any{"domain": "not a domain"}
		}, []string{"nonsense", "99", "not a domain"}},
	} {
		t.Run(c.name, func(t *testing.T) { rejectsConfig(t, out, c.edit, c.want) })
	}
}

// rejectsConfig checks that an up of a new stack with an edited configuration is rejected.
func rejectsConfig(t *testing.T, out outputs, edit func(map[string]any), want []string) {
	t.Helper()
	file := readStackFile(t, out.ConfigFile)
	edit(file.Config)
	project := t.TempDir()
	file.secrets = initStack(t, out, project, "wrong")
	t.Cleanup(func() { pulumi(t, out, project, "stack", "rm", "wrong", "--yes") })
	edited, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "Pulumi.wrong.yaml")
	writeFile(t, config, edited)
	stdout, stderr, code := pulumi(t, out, repository(t), "up", "--stack", "wrong", "--config-file", config, "--yes", "--skip-preview")
	if code == 0 {
		t.Fatalf("up succeeds with an invalid configuration\n%s", stdout)
	}
	for _, word := range want {
		if !strings.Contains(stdout+stderr, word) {
			t.Errorf("the message does not name %q:\n%s%s", word, stdout, stderr)
		}
	}
	state, stderr, code := pulumi(t, out, project, "stack", "export", "--stack", "wrong")
	if code != 0 {
		t.Fatal(stderr)
	}
	if created := strings.Count(state, `"aws:`); created != 0 {
		t.Errorf("%d AWS resources in the state of the rejected stack:\n%s", created, state)
	}
}

// stackFile is a stack's file.
type stackFile struct {
	secrets `yaml:",inline"`
	Config  map[string]any `yaml:"config"`
}

// secrets has the encryption settings of a stack's file.
type secrets struct {
	Provider     string `yaml:"secretsprovider"`
	EncryptedKey string `yaml:"encryptedkey"`
}

// readStackFile reads a stack's file.
func readStackFile(t *testing.T, path string) stackFile {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file stackFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return file
}

// initStack creates a stack from a directory with only the project file, since the CLI writes the encryption settings
// there, and returns those settings.
func initStack(t *testing.T, out outputs, project, name string) secrets {
	t.Helper()
	description, err := os.ReadFile(filepath.Join(repository(t), "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(project, "Pulumi.yaml"), description)
	if _, stderr, code := pulumi(t, out, project, "stack", "init", name, "--no-select", "--secrets-provider", out.SecretsProvider); code != 0 {
		t.Fatal(stderr)
	}
	file := readStackFile(t, filepath.Join(project, "Pulumi."+name+".yaml"))
	if file.EncryptedKey == "" {
		t.Fatalf("the CLI wrote no key for %s", name)
	}
	return file.secrets
}
