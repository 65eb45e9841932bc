package deploy

import (
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestInherit(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.corp:3128")
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", ".corp")
	t.Setenv("AWS_PROFILE", "work")
	t.Setenv("PULUMI_ACCESS_TOKEN", "secret")
	t.Setenv("PATH", "/usr/bin")
	t.Setenv("TMPDIR", "/shared")
	l := layout.Layout{Root: "/r"}
	env := Inherit(l, Environment(l, daemon.Report{}, "eu-west-1", Base{}), "/first")
	value := func(name string) string {
		at := slices.IndexFunc(env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
		if at < 0 {
			return ""
		}
		return strings.TrimPrefix(env[at], name+"=")
	}
	for _, variable := range []string{"NO_PROXY", "no_proxy"} {
		t.Run(variable+" excludes this machine from the HTTP proxy", func(t *testing.T) {
			names := strings.Split(value(variable), ",")
			for _, want := range []string{".corp", "127.0.0.1", "127.0.0.0/8", ".localhost"} {
				if !slices.Contains(names, want) {
					t.Errorf("%q lacks %s", value(variable), want)
				}
			}
		})
	}
	t.Run("variables of a real account are dropped", func(t *testing.T) {
		if value("AWS_PROFILE") != "" || value("PULUMI_ACCESS_TOKEN") != "" {
			t.Errorf("%v", env)
		}
	})
	t.Run("temporary files are private, and the shared directory is still known", func(t *testing.T) {
		if value("TMPDIR") != l.Temp() || value(layout.SharedTempName) != "/shared" {
			t.Errorf("%v", env)
		}
	})
	t.Run("PATH has the given directories first, then the sandbox's programs", func(t *testing.T) {
		if got := value("PATH"); got != "/first:"+l.Bin()+":/usr/bin" {
			t.Errorf("PATH is %s", got)
		}
	})
}
