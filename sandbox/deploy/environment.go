package deploy

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// PassphraseFile holds the passphrase of the sandbox's Pulumi state.
func PassphraseFile(l layout.Layout) string { return filepath.Join(l.Root, "passphrase") }

// BackendURL is Pulumi's file backend.
func BackendURL(l layout.Layout) string { return "file://" + l.State() }

// Environment are the variables by which Pulumi and every AWS tool talk to the
// sandbox, and to nothing else.
func Environment(l layout.Layout, r daemon.Report, region string) map[string]string {
	return map[string]string{
		"PULUMI_HOME":                                 l.Home(),
		"PULUMI_BACKEND_URL":                          BackendURL(l),
		"PULUMI_CONFIG_PASSPHRASE_FILE":               PassphraseFile(l),
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK":    "true",
		"AWS_ENDPOINT_URL":                            r.Endpoint,
		"AWS_ENDPOINT_URL_S3_CONTROL":                 "http://s3-control.localhost:" + strconv.Itoa(l.Port),
		"AWS_REGION":                                  region,
		"AWS_DEFAULT_REGION":                          region,
		"AWS_ACCESS_KEY_ID":                           r.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":                       r.SecretAccessKey,
		"AWS_EC2_METADATA_DISABLED":                   "true",
		"AWS_CONFIG_FILE":                             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE":                 os.DevNull,
	}
}

// Inherit puts the sandbox's variables and programs over our own environment,
// of which everything about AWS and Pulumi accounts is dropped.
func Inherit(l layout.Layout, vars map[string]string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "PULUMI_") || name == "PATH" {
			continue
		}
		if _, ours := vars[name]; !ours {
			env = append(env, entry)
		}
	}
	env = append(env, "PATH="+l.Bin()+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// ensurePassphrase makes the passphrase when there is none.
func ensurePassphrase(l layout.Layout) error {
	_, err := os.Stat(PassphraseFile(l))
	if err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look for the passphrase: %w", err)
	}
	return writeWhole(PassphraseFile(l), []byte(rand.Text()+"\n"))
}
