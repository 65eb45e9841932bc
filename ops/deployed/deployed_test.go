package deployed_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/deployed"
)

const state = `{"deployment":{"resources":[
	{"urn":"urn:pulumi:dev::didomi::pulumi:pulumi:Stack::didomi-dev","type":"pulumi:pulumi:Stack"},
	{"urn":"urn:pulumi:dev::didomi::pulumi:providers:aws::aws","type":"pulumi:providers:aws","custom":true,"inputs":{"region":"eu-south-2"}},
	{"urn":"urn:pulumi:dev::didomi::aws:iam/role:Role::function","type":"aws:iam/role:Role","custom":true,"outputs":{"arn":"arn:aws:iam::111111111111:role/function"}}]}}`

func TestTheStateNamesStackAndRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	callerIs(t, "111111111111")
	g, account, err := (&deployed.Source{Stack: "dev", State: "-"}).Open(t.Context(), command.IO{Stdin: strings.NewReader(state)})
	if err != nil || g.Project != "didomi" || account.Region != "eu-south-2" {
		t.Errorf("got %+v, %s, %v", g, account.Region, err)
	}
}

func TestWithoutAFileTheStateIsWhatPulumiExports(t *testing.T) {
	script := "#!/bin/sh\n[ \"$*\" = 'stack export --stack dev' ] || exit 3\ncat <<'END'\n" + state + "\nEND\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pulumi"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	callerIs(t, "111111111111")
	if g, _, err := (&deployed.Source{Stack: "dev"}).Open(t.Context(), command.IO{}); err != nil || g.Stack != "dev" {
		t.Errorf("got %+v, %v", g, err)
	}
}

func TestMistakesNameWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, c := range map[string]struct {
		source deployed.Source
		want   string
	}{
		"no stack":                 {deployed.Source{}, "set --stack"},
		"a state of another one":   {deployed.Source{Stack: "prod", State: "-"}, "the state is of stack dev, not of prod"},
		"no pulumi and no state":   {deployed.Source{Stack: "dev"}, "install it, or set --state"},
		"a file that is not there": {deployed.Source{Stack: "dev", State: "none.json"}, "none.json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := c.source.Open(t.Context(), command.IO{Stdin: strings.NewReader(state)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestALackingPermissionIsNamed(t *testing.T) {
	for code, is := range map[string]bool{"AccessDenied": true, "AccessDeniedException": true, "UnauthorizedOperation": true, "Forbidden": true, "Throttling": false} {
		err := deployed.Failed(fmt.Errorf("call: %w", &smithy.GenericAPIError{Code: code}), "read x", "x:Read")
		if strings.Contains(err.Error(), "lack the permission x:Read") != is || deployed.Denied(err) != is || !strings.HasPrefix(err.Error(), "read x: ") {
			t.Errorf("%s: got %v", code, err)
		}
	}
	if deployed.Denied(errors.New("no such host")) {
		t.Error("a network error is a denial")
	}
}
