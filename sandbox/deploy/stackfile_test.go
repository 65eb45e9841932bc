package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// repository creates a repository with one stack file.
func repository(t *testing.T, stackFile string) layout.Layout {
	t.Helper()
	dir := t.TempDir()
	l := layout.Layout{Repo: dir, Root: filepath.Join(dir, ".sandbox")}
	if err := os.WriteFile(filepath.Join(dir, "Pulumi.dev.yaml"), []byte(stackFile), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWriteStackFile(t *testing.T) {
	arch := hostArchitecture()
	const emails = ", alarmEmails: [on-call@sandbox.internal]"
	const state = ", didomi:dns: {delegated: true}, didomi:iam: {gitlabUrl: 'https://gitlab.com', projectPath: didomi/serverless-api, projectId: 1217, stateBucket: states, stateKey: key}}\nsecretsprovider: awskms://here\nencryptedkey: ours\n"
	for name, c := range map[string]struct{ file, want string }{
		"only architecture, state and secrets are added": {
			"config:\n  aws:region: eu-west-1\n  didomi:api:\n    memory: 512\n",
			"config: {aws:region: eu-west-1, didomi:api: {memory: 512, architecture: " + arch + emails + "}" + state,
		},
		"an architecture is replaced": {
			"config:\n  aws:region: eu-west-1\n  didomi:api: {architecture: other}\n",
			"config: {aws:region: eu-west-1, didomi:api: {architecture: " + arch + emails + "}" + state,
		},
		"missing sections are added": {
			"config:\n  aws:region: eu-west-1\n",
			"config: {aws:region: eu-west-1, didomi:api: {architecture: " + arch + emails + "}" + state,
		},
		"recipients of alarms and the GitLab project are kept": {
			"config:\n  aws:region: eu-west-1\n  didomi:api: {alarmEmails: [a@b.org]}\n  didomi:dns: {}\n  didomi:iam: {projectPath: a/b}\n",
			"config: {aws:region: eu-west-1, didomi:api: {alarmEmails: [a@b.org], architecture: " + arch + "}" + strings.Replace(state, "didomi/serverless-api", "a/b", 1),
		},
		"a stack without protection has no recipient of alarms": {
			"config:\n  aws:region: eu-west-1\n  didomi:data: {protect: false}\n",
			"config: {aws:region: eu-west-1, didomi:data: {protect: false}, didomi:api: {architecture: " + arch + "}" + state,
		},
		"a protected stack gets a recipient of alarms": {
			"config:\n  aws:region: eu-west-1\n  didomi:data: {protect: true}\n",
			"config: {aws:region: eu-west-1, didomi:data: {protect: true}, didomi:api: {architecture: " + arch + emails + "}" + state,
		},
		"a wrong type is left for the program to reject": {
			"config:\n  aws:region: eu-west-1\n  didomi:api: nonsense\n",
			"config: {aws:region: eu-west-1, didomi:api: nonsense" + state,
		},
		"settings of another backend are dropped": {
			"secretsprovider: awskms://x\nencryptedkey: k\nencryptionsalt: old\nconfig:\n  aws:region: eu-west-1\n  didomi:api: {}\n",
			"config: {aws:region: eu-west-1, didomi:api: {architecture: " + arch + emails + "}" + state,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := repository(t, c.file)
			document, region, err := ReadStack(l, "dev")
			if err != nil || region != "eu-west-1" {
				t.Fatalf("region %q, error %v", region, err)
			}
			settings := backendSettings{EncryptedKey: "ours", SecretsProvider: "awskms://here"}
			values := stackValues("didomi", projectPath("didomi", document), Base{StateBucket: "states", StateKey: "key"})
			if err := writeStackFile(StackFile(l, "dev"), "didomi", document, settings, values); err != nil {
				t.Fatal(err)
			}
			written, err := os.ReadFile(StackFile(l, "dev"))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := normal(t, string(written)), normal(t, c.want); got != want {
				t.Errorf("written\n%s\nwant\n%s", got, want)
			}
			if tree, err := os.ReadFile(filepath.Join(l.Repo, "Pulumi.dev.yaml")); err != nil || string(tree) != c.file {
				t.Errorf("the repository's file is now %q, %v", tree, err)
			}
		})
	}
}

// normal normalizes a YAML document for comparison.
func normal(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	out, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestReadStack(t *testing.T) {
	for name, c := range map[string]struct{ stack, file, want string }{
		"the error for a missing stack lists the stacks": {"staging", "config: {aws:region: x}\n", "stacks: dev"},
		"a file without a region is rejected":            {"dev", "config: {}\n", "aws:region"},
		"the error for invalid YAML names the file":      {"dev", "config: [\n", "Pulumi.dev.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ReadStack(repository(t, c.file), c.stack)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}
