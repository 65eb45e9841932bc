package rotation

import (
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/gitlab/standin"
)

func TestAWrongCommandLineMakesNoCall(t *testing.T) {
	const stack = `{"ciUser":"u","ciKeySecret":"s","ciPreviewRole":"r"}`
	for _, c := range []struct {
		name, args, stdin string
		env               map[string]string
		want              string
	}{
		{"no stack", "", stack, nil, "set --stack"},
		{"no standard input", "--stack dev", "", nil, "the standard input is not what `pulumi stack output --json` prints"},
		{"a stack without its component iam", "--stack dev", "{}", nil, "deploy its component iam first"},
		{"a stack whose jobs sign in with OIDC", "--stack dev", `{"ciUser":"u","ciKeySecret":"","ciPreviewRole":"r"}`, nil, "set iam oidc to off"},
		{"a token and nowhere to show it", "--stack dev", stack, map[string]string{"GITLAB_TOKEN": "t"}, "CI_API_V4_URL, CI_PROJECT_ID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			io := command.IO{Stdin: strings.NewReader(c.stdin), Stdout: &strings.Builder{}, Stderr: &strings.Builder{}}
			err := run(t.Context(), io, strings.Fields(c.args), func(name string) string { return c.env[name] })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestGitLabGetsTheKeyAsProtectedVariables(t *testing.T) {
	server := standin.New(t)
	publish, err := publisher("prod", func(name string) string {
		return map[string]string{"CI_API_V4_URL": server.URL, "CI_PROJECT_ID": "1", "GITLAB_TOKEN": standin.Token}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []Key{{"one", "half of one"}, {"two", "half of two"}} { // created, then changed
		if err := publish(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"PROD_CI_KEY_ID": key.ID, "PROD_CI_KEY_SECRET": key.Secret} {
			got := server.Variables()[name]
			if got.Value != want || !got.Masked || !got.Protected || !got.Raw {
				t.Errorf("%s is %v, want %s, masked, protected and raw", name, got, want)
			}
		}
	}
}
