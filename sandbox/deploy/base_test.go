package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// fakeCLI implements the CLI commands that bootstrap uses. Its stack is encrypted with the first run's passphrase. If the
// file "trouble" exists, the first up runs its content.
const fakeCLI = `#!/bin/sh
secret=$PULUMI_HOME/encrypted
trouble=$PULUMI_HOME/trouble
case "$1 $2" in
"stack init")
  cp "$PULUMI_CONFIG_PASSPHRASE_FILE" "$secret" && echo "encryptionsalt: s" >Pulumi.main.yaml ;;
"up --stack")
  cmp -s "$PULUMI_CONFIG_PASSPHRASE_FILE" "$secret" || { echo "incorrect passphrase"; exit 1; }
  test ! -e "$trouble" || { line=$(cat "$trouble"); rm "$trouble"; eval "$line"; } ;;
"stack output")
  echo '{"stateBucket":"b","stateKey":"k","backendUrl":"s3://b?region=r","secretsProvider":"awskms://k?region=r"}' ;;
esac
`

// newAccount creates a repository with the bootstrap program and a CLI.
func newAccount(t *testing.T, trouble string) layout.Layout {
	t.Helper()
	repo := t.TempDir()
	l := layout.Layout{Repo: repo, Root: filepath.Join(repo, ".sandbox"), Port: layout.DefaultPort}
	for path, content := range map[string]string{
		filepath.Join(repo, "bootstrap", "Pulumi.yaml"):      "name: bootstrap\n",
		filepath.Join(repo, "bootstrap", "Pulumi.main.yaml"): "config: {aws:region: eu-west-1}\n",
		Program(l):                                    fakeCLI,
		filepath.Join(l.Home(), "trouble"):            trouble,
		filepath.Join(l.Home(), "logs", "pulumi.log"): "what the CLI did before",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestBootstrap(t *testing.T) {
	for _, c := range []struct {
		name, trouble, said string
		killed              []string
	}{
		{"a failed run can be repeated", "echo no space; exit 1", "no space", nil},
		{"one that was killed is marked as such", "kill -9 $$", "killed", []string{"bootstrap"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, report := newAccount(t, c.trouble), daemon.Report{PID: os.Getpid()}
			if _, err := Bootstrap(t.Context(), l, report, "eu-west-1"); err == nil || !strings.Contains(err.Error(), c.said) {
				t.Fatalf("error %v, want %q in it", err, c.said)
			}
			if killed, err := Killed(l); err != nil || !slices.Equal(killed, c.killed) {
				t.Errorf("killed %v, %v, want %v", killed, err, c.killed)
			}
			base, err := Bootstrap(t.Context(), l, report, "eu-west-1")
			if err != nil || base.StateBucket != "b" {
				t.Errorf("the next attempt returned %+v, %v", base, err)
			}
			if logs, err := os.Stat(filepath.Join(l.Home(), "logs")); err != nil || !logs.Mode().IsRegular() {
				t.Errorf("the CLI can write its logs: %v, %v", logs, err)
			}
		})
	}
}
