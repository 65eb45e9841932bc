package e2e

import (
	"context"
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// signer signs the claims of a job's token.
type signer func(claims oidc.Claims) (string, error)

// checkTokens tries to take the stack's roles with tokens that GitLab gives to other jobs than those
// that the roles are for.
func checkTokens(t *testing.T, out outputs) {
	t.Helper()
	places, err := layout.Find(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	gitlab := func(claims oidc.Claims) (string, error) {
		return daemon.Token(context.Background(), places, claims)
	}
	impostor, err := oidc.New()
	if err != nil {
		t.Fatal(err)
	}
	names := stackOutputs(t, out)
	preview, deploy := names["ciPreviewRole"].(string), names["ciDeployRole"].(string)
	const main, merge = "project_path:didomi/serverless-api:ref_type:branch:ref:main", "project_path:didomi/serverless-api:ref_type:branch:ref:change"
	for name, c := range map[string]struct {
		role   string
		sign   signer
		claims oidc.Claims
		taken  bool
	}{
		"the default branch deploys":               {deploy, gitlab, oidc.Claims{"sub": main}, true},
		"another branch previews":                  {preview, gitlab, oidc.Claims{"sub": merge}, true},
		"another branch does not deploy":           {deploy, gitlab, oidc.Claims{"sub": merge}, false},
		"a tag of that name does not deploy":       {deploy, gitlab, oidc.Claims{"sub": "project_path:didomi/serverless-api:ref_type:tag:ref:main"}, false},
		"a fork does not deploy":                   {deploy, gitlab, oidc.Claims{"sub": "project_path:somebody/serverless-api:ref_type:branch:ref:main"}, false},
		"a fork does not preview":                  {preview, gitlab, oidc.Claims{"sub": "project_path:somebody/serverless-api:ref_type:branch:ref:main"}, false},
		"a project of a longer name takes nothing": {preview, gitlab, oidc.Claims{"sub": "project_path:didomi/serverless-api-2:ref_type:branch:ref:main"}, false},
		"a token for somebody else takes nothing":  {deploy, gitlab, oidc.Claims{"sub": main, "aud": "https://vault.example"}, false},
		"another GitLab's token takes nothing":     {deploy, gitlab, oidc.Claims{"sub": main, "iss": "https://gitlab.example"}, false},
		"a token that has expired takes nothing":   {deploy, gitlab, oidc.Claims{"sub": main, "exp": 1}, false},
		"a token of another signer takes nothing":  {deploy, impostor.Sign, oidc.Claims{"sub": main}, false},
	} {
		t.Run(name, func(t *testing.T) {
			claims := oidc.Claims{"iss": "https://gitlab.com", "aud": "https://gitlab.com"}
			maps.Copy(claims, c.claims)
			token, err := c.sign(claims)
			if err != nil {
				t.Fatal(err)
			}
			nobody := aws.Config{Region: out.Region, BaseEndpoint: aws.String(out.AWSEndpoint)}
			_, err = sts.NewFromConfig(nobody).AssumeRoleWithWebIdentity(context.Background(), &sts.AssumeRoleWithWebIdentityInput{
				RoleArn: &c.role, RoleSessionName: aws.String("e2e"), WebIdentityToken: &token,
			})
			if taken := err == nil; taken != c.taken {
				t.Errorf("taken: %v (%v), want %v", taken, err, c.taken)
			}
		})
	}
}
