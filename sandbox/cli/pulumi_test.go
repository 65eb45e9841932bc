package cli

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestChooseStack(t *testing.T) {
	l := layout.Layout{Root: t.TempDir()}
	for _, stack := range []string{"dev", "prod"} {
		file := deploy.StackFile(l, stack)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	with := func(stack string) map[string]string {
		return map[string]string{"PULUMI_STACK": stack, "PULUMI_OPTION_CONFIG_FILE": deploy.StackFile(l, stack)}
	}
	for _, c := range []struct {
		name, args, environment string
		want                    map[string]string
	}{
		{"the shell's stack has the copy of its file", "preview", "dev", with("dev")},
		{"a stack that is named goes before it", "up --stack prod", "dev", with("prod")},
		{"so does a short option", "up -y -s prod", "dev", with("prod")},
		{"so does a name behind a sign of equality", "up --stack=prod", "dev", with("prod")},
		{"other options that begin alike are others", "up --stack-files -- -s prod", "dev", with("dev")},
		{"a stack without a copy has none", "up -s main", "dev", map[string]string{"PULUMI_STACK": "main"}},
		{"without a stack the CLI chooses", "stack ls", "", map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PULUMI_STACK", c.environment)
			got := map[string]string{}
			chooseStack(l, got, strings.Fields(c.args))
			if !maps.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
