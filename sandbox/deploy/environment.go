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

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// Environment are the variables by which Pulumi and every AWS tool talk to the
// sandbox, and to nothing else.
func Environment(l layout.Layout, r daemon.Report, region string, base Base) map[string]string {
	return map[string]string{
		"TMPDIR":                   l.Temp(),
		layout.SharedTempName:      layout.SharedTemp(),
		"PULUMI_HOME":              l.Home(),
		"PULUMI_BACKEND_URL":       base.BackendURL,
		"PULUMI_SKIP_UPDATE_CHECK": "true",
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
		// CLI, linker, program and providers live for seconds: collecting garbage less often saves them
		// a tenth of their time for some hundred megabytes.
		"GOGC":     "400",
		"NO_PROXY": direct(),
		"no_proxy": direct(),
	}
}

// direct are the names that are reached without a proxy: ours beside those that
// the environment has. Programs differ in whether they take a network.
func direct() string {
	names := []string{"localhost", ".localhost", "127.0.0.1", "127.0.0.0/8"}
	for _, variable := range []string{"NO_PROXY", "no_proxy"} {
		if value := os.Getenv(variable); value != "" {
			return value + "," + strings.Join(names, ",")
		}
	}
	return strings.Join(names, ",")
}

// Inherit puts the sandbox's variables and programs, those in folders before
// others, over our own environment, of which everything about AWS and Pulumi
// accounts is dropped.
func Inherit(l layout.Layout, vars map[string]string, folders ...string) []string {
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
	path := slices.Concat(folders, []string{l.Bin(), os.Getenv("PATH")})
	env = append(env, "PATH="+strings.Join(path, string(os.PathListSeparator)))
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// newDayZero is the CLI before there is a bucket for the state: it keeps it in
// a folder, encrypted with a passphrase.
func newDayZero(l layout.Layout, r daemon.Report, region string) (cli, error) {
	folder, passphrase := filepath.Join(l.State(), "bootstrap"), filepath.Join(l.State(), "passphrase")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return cli{}, fmt.Errorf("make the folder of bootstrap's state: %w", err)
	}
	// What an earlier try made is encrypted with the passphrase that it had.
	if _, err := os.Stat(passphrase); errors.Is(err, os.ErrNotExist) {
		if err := atomicfile.Write(passphrase, []byte(rand.Text()+"\n"), 0o600); err != nil {
			return cli{}, err
		}
	}
	vars := Environment(l, r, region, Base{BackendURL: "file://" + folder})
	vars["PULUMI_CONFIG_PASSPHRASE_FILE"] = passphrase
	return cli{l, r, vars}, nil
}
