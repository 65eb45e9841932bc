package pipeline

import (
	"crypto/sha1" // what the releases of the plugins publish
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	awsArchive  = "pulumi-resource-aws-v6.1.0-linux-amd64.tar.gz"
	awsxArchive = "pulumi-resource-awsx-v2.1.0-linux-amd64.tar.gz"
	awsList     = "/pulumi-aws/releases/download/v6.1.0/pulumi-aws_6.1.0_checksums.txt"
	awsxList    = "/pulumi-awsx/releases/download/v2.1.0/pulumi-awsx_2.1.0_checksums.txt"
	before      = "# pinned before\n"
)

// released is what Pulumi's servers have of both plugins, by path, with lists as shasum prints them.
func released() map[string]string {
	sha1sum := func(archive string) string { return fmt.Sprintf("%x  ./%s\n", sha1.Sum([]byte(archive)), archive) }
	return map[string]string{
		"/" + awsArchive: awsArchive, "/" + awsxArchive: awsxArchive,
		awsList:  sha1sum("another of the release") + sha1sum(awsArchive),
		awsxList: sha1sum(awsxArchive),
	}
}

func sha256Line(archive string) string {
	return fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(archive)), archive)
}

// plugins runs ci/plugins in a directory of its own, with stand-ins for go and pulumi that only print, against a
// server that has the files.
func plugins(t *testing.T, files map[string]string, pins string, args ...string) (dir, said string, err error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(content))
	}))
	t.Cleanup(server.Close)
	dir = t.TempDir()
	script, err := filepath.Abs("../../ci/plugins")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"ci/plugins.sha256": pins,
		"bin/go": `#!/bin/sh
case "$*" in
"env GOOS") echo linux ;;
"env GOARCH") echo amd64 ;;
*pulumi-aws/*) echo v6.1.0 ;;
*pulumi-awsx/*) echo v2.1.0 ;;
*) exit 1 ;;
esac
`,
		"bin/pulumi":           "#!/bin/sh\necho \"$*\" >>installed\n",
		"home/logs/pulumi.log": "what the CLI did in an earlier job",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), script, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + filepath.Join(dir, "bin") + ":/usr/local/bin:/usr/bin:/bin",
		"PULUMI_HOME=" + filepath.Join(dir, "home"), "PLUGIN_ARCHIVES=" + server.URL, "PLUGIN_RELEASES=" + server.URL,
	}
	out, err := cmd.CombinedOutput()
	return dir, string(out), err
}

// content is a file's, empty if there is none.
func content(t *testing.T, path string) string {
	t.Helper()
	read, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(read)
}

func TestPluginsArePinnedAllOrNoneAndOnlyAsTheirReleasesPublishThem(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		change func(files map[string]string)
		want   string // of the checksums, empty where nothing is written
		says   string
	}{
		"both plugins for the runners' platform, sorted": {
			[]string{"pin"}, func(map[string]string) {}, sha256Line(awsArchive) + sha256Line(awsxArchive), "",
		},
		"a release that publishes SHA-256 is believed too": {
			[]string{"pin", "linux-amd64"}, func(f map[string]string) { f[awsList] = sha256Line(awsArchive) },
			sha256Line(awsArchive) + sha256Line(awsxArchive), "",
		},
		"an archive that differs from what its release publishes": {
			[]string{"pin"}, func(f map[string]string) { f["/"+awsxArchive] = "changed" }, "",
			awsxArchive + " is not what its release publishes",
		},
		"an archive that is not there": {
			[]string{"pin"}, func(f map[string]string) { delete(f, "/"+awsxArchive) }, "", awsxArchive + " was not read",
		},
		"a release without a list": {
			[]string{"pin"}, func(f map[string]string) { delete(f, awsList) }, "", "pulumi-aws_6.1.0_checksums.txt was not read",
		},
		"a list without the archive": {
			[]string{"pin"}, func(f map[string]string) { f[awsList] = f[awsxList] }, "",
			"pulumi-aws_6.1.0_checksums.txt has no checksum of " + awsArchive,
		},
		"a list of something else": {
			[]string{"pin"}, func(f map[string]string) { f[awsList] = "abc  " + awsArchive }, "", `publishes "abc"`,
		},
		"a platform that does not exist": {
			[]string{"pin", "linux-amd64", "linux"}, func(map[string]string) {}, "", `"linux" is not a platform`,
		},
		"a command that does not exist": {
			[]string{"pins"}, func(map[string]string) {}, "", `"pins" is neither`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := released()
			c.change(files)
			dir, said, err := plugins(t, files, before, c.args...)
			got := content(t, filepath.Join(dir, "ci/plugins.sha256"))
			if c.says == "" {
				if _, sums, _ := strings.Cut(got, "\n"); err != nil || sums != c.want || !strings.HasPrefix(got, "# SHA-256") {
					t.Errorf("%v, wrote %q, want %q\n%s", err, got, c.want, said)
				}
			} else if err == nil || !strings.Contains(said, c.says) || got != before {
				t.Errorf("%v, wrote %q, said %q; want %q and nothing written", err, got, said, c.says)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "ci/plugins.sha256.*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestPluginsAreInstalledAgainstTheirPinsAndNotWithout(t *testing.T) {
	sum := func(archive string) string { return strings.Fields(sha256Line(archive))[0] }
	install := "plugin install resource %s %s --exact --checksum %s --non-interactive\n"
	for name, c := range map[string]struct {
		pins, want, says string
	}{
		"both are pinned": {
			sha256Line(awsArchive) + sha256Line(awsxArchive),
			fmt.Sprintf(install, "aws", "v6.1.0", sum(awsArchive)) + fmt.Sprintf(install, "awsx", "v2.1.0", sum(awsxArchive)), "",
		},
		"one is not: how to pin it is said": {
			sha256Line(awsArchive), fmt.Sprintf(install, "aws", "v6.1.0", sum(awsArchive)),
			"has no checksum of " + awsxArchive + ": run ci/plugins pin linux-amd64",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, said, err := plugins(t, nil, c.pins)
			if got := content(t, filepath.Join(dir, "installed")); got != c.want {
				t.Errorf("installed %q, want %q", got, c.want)
			}
			if (err != nil) != (c.says != "") || !strings.Contains(said, c.says) {
				t.Errorf("%v, said %q, want %q", err, said, c.says)
			}
			if logs, err := os.Stat(filepath.Join(dir, "home", "logs")); err != nil || !logs.Mode().IsRegular() {
				t.Errorf("the CLI can write its logs: %v, %v", logs, err)
			}
		})
	}
}
