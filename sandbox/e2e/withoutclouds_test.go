package e2e

import (
	"strings"
	"testing"
)

// checkWithoutClouds uses what the sandbox's CLI is built without (docs/decisions/first-build.md).
func checkWithoutClouds(t *testing.T, out outputs) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, dir+"/Pulumi.yaml", []byte("name: clouds\nruntime: go\n"))
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "none")
	backend := "file://" + t.TempDir()
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"Google's state backend", "without the state backend gs://", []string{"login", "gs://bucket"}},
		{"Azure's state backend", "without the state backend azblob://", []string{"login", "azblob://container"}},
		{"Google's keys", "without the secrets provider gcpkms://", []string{"stack", "init", "one", "--secrets-provider", "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k"}},
		{"Azure's keys", "without the secrets provider azurekeyvault://", []string{"stack", "init", "two", "--secrets-provider", "azurekeyvault://vault.vault.azure.net/keys/key"}},
		{"Vault's keys", "without the secrets provider hashivault://", []string{"stack", "init", "three", "--secrets-provider", "hashivault://key"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := out
			env.Env = map[string]string{"PULUMI_BACKEND_URL": backend, "PULUMI_HOME": t.TempDir(), "PULUMI_SKIP_UPDATE_CHECK": "true"}
			if c.args[0] == "login" {
				delete(env.Env, "PULUMI_BACKEND_URL")
			}
			stdout, stderr, code := pulumi(t, env, dir, c.args...)
			if text := stdout + stderr; code == 0 || !strings.Contains(text, c.want) {
				t.Errorf("exit code %d, want an error with %q:\n%s", code, c.want, text)
			}
		})
	}
}
