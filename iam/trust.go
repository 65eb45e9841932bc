package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// trust is who may assume the roles.
type trust struct {
	builder
	user *iam.User
	// provider is the ARN of GitLab's identity provider; nil without OIDC, and without a project.
	provider pulumi.StringInput
}

func newTrust(ctx *pulumi.Context, b builder, user *iam.User) (trust, error) {
	t := trust{builder: b, user: user}
	if b.config.ProjectPath == "" {
		return t, nil
	}
	switch b.config.OIDC {
	case oidcCreate:
		provider, err := iam.NewOpenIdConnectProvider(ctx, b.name+"-gitlab", &iam.OpenIdConnectProviderArgs{
			Url:           pulumi.String("https://" + b.config.host()),
			ClientIdLists: pulumi.StringArray{pulumi.String(b.config.audience())},
		}, b.parent)
		if err != nil {
			return trust{}, fmt.Errorf("iam: identity provider of %s: %w", b.config.GitLabURL, err)
		}
		t.provider = provider.Arn
	case oidcExisting:
		t.provider = pulumi.String(b.GlobalARN("iam", "oidc-provider/"+b.config.host()))
	}
	return t, nil
}

// audience is what the pipeline's tokens are for: the `aud` of its id_tokens.
func (c Config) audience() string {
	return "https://" + c.host()
}

// document is the trust policy of a role: the CI user, and the tokens of this project's jobs that meet the
// condition.
func (t trust) document(condition func() map[string]any) pulumi.StringOutput {
	statements := []policy.Statement{{
		Sid:       "User",
		Principal: map[string]any{"AWS": t.user.Arn},
		Actions:   []string{"sts:AssumeRole"},
	}}
	if t.provider != nil {
		statements = append(statements, policy.Statement{
			Sid:       "Pipeline",
			Principal: map[string]any{"Federated": t.provider},
			Actions:   []string{"sts:AssumeRoleWithWebIdentity"},
			Condition: condition(),
		})
	}
	return policy.Document(statements...)
}
