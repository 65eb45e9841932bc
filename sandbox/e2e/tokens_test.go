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
	sandbox "github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// signer signs the claims of a job's token.
type signer func(claims oidc.Claims) (string, error)

// A token is rejected by the role's trust policy, or by AWS before that.
const (
	byTrust  = "AccessDenied"
	byAWS    = "InvalidIdentityToken"
	byItsAge = "ExpiredTokenException"
)

// otherAudience is an audience of the account's provider that no role accepts.
const otherAudience = "https://vault.example"

// checkTokens tries to assume the stack's roles with tokens of other jobs than the intended ones. If the trust policy
// rejects a token, the check repeats the call with a policy that accepts it, so that the policy's conditions must have
// been the reason.
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
	provider := addAudience(t, admin, otherAudience)
	names := stackOutputs(t, out)
	preview, deploy := names["ciPreviewRole"].(string), names["ciDeployRole"].(string)
	push, schedule := oidc.Job{Source: "push", Ref: "main"}, oidc.Job{Source: "schedule", Ref: "main"}
	// The token is the same for the source branch's commit and for its merge with the target (merged results): main's
	// subject for another branch's code.
	fromMain := oidc.Job{Source: oidc.MergeRequest, Ref: "main", Target: "mine"}
	merge := oidc.Job{Source: oidc.MergeRequest, Ref: "change", Target: "main"}
	branch := oidc.Job{Source: "push", Ref: "change"}
	fork := oidc.Job{Source: oidc.MergeRequest, Ref: "main", Target: "main", Fork: "somebody/serverless-api"}
	fromOutside := func(source string) oidc.Job { return oidc.Job{Source: source, Ref: "main"} }
	for name, c := range map[string]struct {
		role     string
		sign     signer
		job      oidc.Job
		claims   oidc.Claims // that differ from GitLab's
		rejected string      // empty: accepted
	}{
		"the default branch deploys":                                                {deploy, gitlab, push, nil, ""},
		"its schedule checks drift":                                                 {deploy, gitlab, schedule, nil, ""},
		"its manually started pipeline deploys":                                     {deploy, gitlab, oidc.Job{Source: "web", Ref: "main"}, nil, ""},
		"it verifies":                                                               {preview, gitlab, push, nil, ""},
		"a merge request previews":                                                  {preview, gitlab, merge, nil, ""},
		"a merge request does not deploy":                                           {deploy, gitlab, merge, nil, byTrust},
		"another branch does not deploy":                                            {deploy, gitlab, branch, nil, byTrust},
		"a merge request from main into another branch does not deploy":             {deploy, gitlab, fromMain, nil, byTrust},
		"a merge request from main that GitLab treats as protected does not deploy": {deploy, gitlab, fromMain, oidc.Claims{"ref_protected": "true"}, byTrust},
		"a pipeline of main without protection does not deploy":                     {deploy, gitlab, push, oidc.Claims{"ref_protected": "false"}, byTrust},
		"a trigger's token does not deploy":                                         {deploy, gitlab, fromOutside("trigger"), nil, byTrust},
		"another project's pipeline does not deploy":                                {deploy, gitlab, fromOutside("pipeline"), nil, byTrust},
		"a pipeline created through GitLab's API does not deploy":                   {deploy, gitlab, fromOutside("api"), nil, byTrust},
		"a tag named main does not deploy":                                          {deploy, gitlab, oidc.Job{Source: "push", Ref: "main", Tag: true}, nil, byTrust},
		"a tag does not preview":                                                    {preview, gitlab, oidc.Job{Source: "push", Ref: "main", Tag: true}, nil, byTrust},
		"a fork does not deploy":                                                    {deploy, gitlab, fork, nil, byTrust},
		"a fork does not preview":                                                   {preview, gitlab, fork, nil, byTrust},
		"a project that took over the path does not deploy":                         {deploy, gitlab, push, oidc.Claims{"project_id": "1"}, byTrust},
		"a project that took over the path does not preview":                        {preview, gitlab, merge, oidc.Claims{"project_id": "1"}, byTrust},
		"a project with a longer name cannot assume a role":                         {preview, gitlab, push, oidc.Claims{"sub": "project_path:didomi/serverless-api-2:ref_type:branch:ref:main"}, byTrust},
		"a token for another audience does not deploy":                              {deploy, gitlab, push, oidc.Claims{"aud": otherAudience}, byTrust},
		"a token for another audience does not preview":                             {preview, gitlab, merge, oidc.Claims{"aud": otherAudience}, byTrust},
		"a token for an unknown audience cannot assume a role":                      {deploy, gitlab, push, oidc.Claims{"aud": "https://anonymous.example"}, byAWS},
		"a token of another GitLab instance cannot assume a role":                   {deploy, gitlab, push, oidc.Claims{"iss": "https://gitlab.example"}, byAWS},
		"an expired token cannot assume a role":                                     {deploy, gitlab, push, oidc.Claims{"exp": 1}, byItsAge},
		"a token of another signer cannot assume a role":                            {deploy, impostor.Sign, push, nil, byAWS},
	} {
		t.Run(name, func(t *testing.T) {
			claims := sandbox.GitLabProject("didomi/serverless-api").Claims(c.job)
			maps.Copy(claims, c.claims)
			token, err := c.sign(claims)
			if err != nil {
				t.Fatal(err)
			}
			if got := errorCode(assumeWithToken(out, c.role, token)); got != c.rejected {
				t.Errorf("rejected with %q, want %q", got, c.rejected)
			}
			if c.rejected != byTrust {
				return
			}
			defer trustPolicy(t, admin, last(c.role), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
				`"Principal":{"Federated":"`+provider+`"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`)()
			if err := assumeWithToken(out, c.role, token); err != nil {
				t.Errorf("no trust policy would accept it, so the test shows nothing: %v", err)
			}
		})
	}
}

func assumeWithToken(out outputs, role, token string) error {
	anonymous := aws.Config{Region: out.Region, BaseEndpoint: aws.String(out.AWSEndpoint)}
	_, err := sts.NewFromConfig(anonymous).AssumeRoleWithWebIdentity(context.Background(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String("e2e"), WebIdentityToken: &token,
	})
	return err
}

// errorCode returns the code of an AWS error, the text of another error, or "" for nil.
func errorCode(err error) string {
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

// addAudience adds an audience to the account's GitLab provider for the test and returns the provider's ARN. The
// emulator cannot change a provider, so it is recreated.
func addAudience(t *testing.T, admin *iam.Client, audience string) string {
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
	t.Fatal("the account has no provider for gitlab.com")
	return ""
}
