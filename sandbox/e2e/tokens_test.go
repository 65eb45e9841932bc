package e2e

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// signer signs the claims of a job's token.
type signer func(claims oidc.Claims) (string, error)

// Who refuses a token: the role's trust policy; or AWS, before it asks that.
const (
	byTrust  = "AccessDenied"
	byAWS    = "InvalidIdentityToken"
	byItsAge = "ExpiredTokenException"
)

// vault is an audience that the account's provider is given, and that no role is for.
const vault = "https://vault.example"

// checkTokens tries to take the stack's roles with tokens that GitLab gives to other jobs than those
// that the roles are for. What the trust policy refuses it is then made to take, which shows that it
// was the policy's conditions.
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
	admin := iam.NewFromConfig(awsConfig(out))
	provider := knowAudience(t, admin, vault)
	names := stackOutputs(t, out)
	preview, deploy := names["ciPreviewRole"].(string), names["ciDeployRole"].(string)
	const main, merge = "project_path:didomi/serverless-api:ref_type:branch:ref:main", "project_path:didomi/serverless-api:ref_type:branch:ref:change"
	for name, c := range map[string]struct {
		role    string
		sign    signer
		claims  oidc.Claims
		refused string // empty: taken
	}{
		"the default branch deploys":                 {deploy, gitlab, oidc.Claims{"sub": main}, ""},
		"another branch previews":                    {preview, gitlab, oidc.Claims{"sub": merge}, ""},
		"another branch does not deploy":             {deploy, gitlab, oidc.Claims{"sub": merge}, byTrust},
		"a tag of that name does not deploy":         {deploy, gitlab, oidc.Claims{"sub": "project_path:didomi/serverless-api:ref_type:tag:ref:main"}, byTrust},
		"a fork does not deploy":                     {deploy, gitlab, oidc.Claims{"sub": "project_path:somebody/serverless-api:ref_type:branch:ref:main"}, byTrust},
		"a fork does not preview":                    {preview, gitlab, oidc.Claims{"sub": "project_path:somebody/serverless-api:ref_type:branch:ref:main"}, byTrust},
		"a project of a longer name takes nothing":   {preview, gitlab, oidc.Claims{"sub": "project_path:didomi/serverless-api-2:ref_type:branch:ref:main"}, byTrust},
		"a token for somebody else does not deploy":  {deploy, gitlab, oidc.Claims{"sub": main, "aud": vault}, byTrust},
		"a token for somebody else does not preview": {preview, gitlab, oidc.Claims{"sub": merge, "aud": vault}, byTrust},
		"a token for nobody known takes nothing":     {deploy, gitlab, oidc.Claims{"sub": main, "aud": "https://nobody.example"}, byAWS},
		"another GitLab's token takes nothing":       {deploy, gitlab, oidc.Claims{"sub": main, "iss": "https://gitlab.example"}, byAWS},
		"a token that has expired takes nothing":     {deploy, gitlab, oidc.Claims{"sub": main, "exp": 1}, byItsAge},
		"a token of another signer takes nothing":    {deploy, impostor.Sign, oidc.Claims{"sub": main}, byAWS},
	} {
		t.Run(name, func(t *testing.T) {
			claims := oidc.Claims{"iss": "https://gitlab.com", "aud": "https://gitlab.com"}
			maps.Copy(claims, c.claims)
			token, err := c.sign(claims)
			if err != nil {
				t.Fatal(err)
			}
			if got := refusal(takeWithToken(out, c.role, token)); got != c.refused {
				t.Errorf("refused with %q, want %q", got, c.refused)
			}
			if c.refused != byTrust {
				return
			}
			defer trustPolicy(t, admin, last(c.role), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
				`"Principal":{"Federated":"`+provider+`"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`)()
			if err := takeWithToken(out, c.role, token); err != nil {
				t.Errorf("no trust policy would take it, so the refusal proves nothing: %v", err)
			}
		})
	}
}

func takeWithToken(out outputs, role, token string) error {
	nobody := aws.Config{Region: out.Region, BaseEndpoint: aws.String(out.AWSEndpoint)}
	_, err := sts.NewFromConfig(nobody).AssumeRoleWithWebIdentity(context.Background(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String("e2e"), WebIdentityToken: &token,
	})
	return err
}

// refusal is the code of an error; of no error none, and of what is no answer of AWS's its text.
func refusal(err error) string {
	var failure smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &failure):
		return failure.ErrorCode()
	default:
		return err.Error()
	}
}

// knowAudience has the account's provider for GitLab know one audience more, for the test, and returns
// its ARN. The emulator changes no provider, so it is made anew, both times.
func knowAudience(t *testing.T, admin *iam.Client, audience string) string {
	t.Helper()
	ctx := context.Background()
	list, err := admin.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.OpenIDConnectProviderList {
		if !strings.HasSuffix(*p.Arn, "/gitlab.com") {
			continue
		}
		before, err := admin.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: p.Arn})
		if err != nil {
			t.Fatal(err)
		}
		remake := func(audiences []string) {
			if _, err := admin.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: p.Arn}); err != nil {
				t.Fatal(err)
			}
			if _, err := admin.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
				Url: aws.String("https://gitlab.com"), ClientIDList: audiences, ThumbprintList: before.ThumbprintList, Tags: before.Tags,
			}); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { remake(before.ClientIDList) })
		remake(append(slices.Clone(before.ClientIDList), audience))
		return *p.Arn
	}
	t.Fatal("the account knows no provider for gitlab.com")
	return ""
}
