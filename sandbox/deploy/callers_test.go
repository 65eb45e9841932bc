package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestTheClaimsOfCallersAreThoseThatTheDeployedStackRequires(t *testing.T) {
	for name, c := range map[string]struct {
		outputs, file string // empty: there is no such file
		issuer, err   string
	}{
		"of a stack with tokens": {
			`{"outputs":{"auth":"jwt"}}`,
			"config:\n  aws:region: eu-west-1\n  a:iam: {jwt: {issuer: no}}\n  a:api: {auth: jwt, jwt: {issuer: 'https://login.example', audience: orders}}\n",
			"https://login.example", "",
		},
		"of a stack with signatures": {`{"outputs":{"auth":"iam"}}`, "", "", "its auth is iam; set auth: jwt"},
		"of no stack":                {"", "", "", "make up STACK=dev deploys it"},
		"of a stack without a file":  {`{"outputs":{"auth":"jwt"}}`, "", "", "no stack \"dev\""},
	} {
		t.Run(name, func(t *testing.T) {
			l := layout.Layout{Root: t.TempDir()}
			for path, text := range map[string]string{OutputsFile(l, "dev"): c.outputs, StackFile(l, "dev"): c.file} {
				if text == "" {
					continue
				}
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			claims, err := CallerClaims(l, "dev")
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if err == nil && (claims["iss"] != c.issuer || claims["aud"] != "orders" || len(claims) != 2) {
				t.Errorf("%v", claims)
			}
		})
	}
}
