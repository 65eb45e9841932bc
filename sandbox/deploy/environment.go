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

// Environment returns the variables with which Pulumi and AWS tools use only the sandbox.
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
		// CLI, linker, program and providers run for seconds. Less frequent garbage collection saves 10 % of their
		// time and takes some hundred megabytes.
		"GOGC":     "400",
		"NO_PROXY": direct(),
		"no_proxy": direct(),
	}
}

// direct returns the names that need no HTTP proxy: the sandbox's and those of the environment. Not all programs support
// networks in this list.
func direct() string {
	names := []string{"localhost", ".localhost", "127.0.0.1", "127.0.0.0/8"}
	for _, variable := range []string{"NO_PROXY", "no_proxy"} {
		if value := os.Getenv(variable); value != "" {
			return value + "," + strings.Join(names, ",")
		}
	}
	return strings.Join(names, ",")
}

// Inherit returns the current environment without the variables of AWS and Pulumi, overridden by vars. Its PATH starts
// with the directories, followed by the sandbox's programs.
func Inherit(l layout.Layout, vars map[string]string, directories ...string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "PULUMI_") || name == "PATH" {
			continue
		}
		if _, overridden := vars[name]; !overridden {
			env = append(env, entry)
		}
	}
	path := slices.Concat(directories, []string{l.Bin(), os.Getenv("PATH")})
	env = append(env, "PATH="+strings.Join(path, string(os.PathListSeparator)))
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// newBootstrapCLI returns the CLI for bootstrap, whose state is in a local directory, encrypted with a passphrase.
func newBootstrapCLI(l layout.Layout, r daemon.Report, region string) (cli, error) {
	directory, passphrase := filepath.Join(l.State(), "bootstrap"), filepath.Join(l.State(), "passphrase")
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return cli{}, fmt.Errorf("create the directory of bootstrap's state: %w", err)
	}
	// The state of an earlier attempt is encrypted with its passphrase.
	if _, err := os.Stat(passphrase); errors.Is(err, os.ErrNotExist) {
		if err := atomicfile.Write(passphrase, []byte(rand.Text()+"\n"), 0o600); err != nil {
			return cli{}, err
		}
	}
	vars := Environment(l, r, region, Base{BackendURL: "file://" + directory})
	vars["PULUMI_CONFIG_PASSPHRASE_FILE"] = passphrase
	return cli{l, r, vars}, nil
}
