package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// trust is who may take the roles.
type trust struct {
	site
	user *iam.User
	// provider is the ARN of GitLab's identity provider; nil without OIDC, and without a project.
	provider pulumi.StringInput
}

func newTrust(ctx *pulumi.Context, s site, user *iam.User) (trust, error) {
	t := trust{site: s, user: user}
	if s.config.ProjectPath == "" {
		return t, nil
	}
	switch s.config.OIDC {
	case oidcCreate:
		provider, err := iam.NewOpenIdConnectProvider(ctx, s.name+"-gitlab", &iam.OpenIdConnectProviderArgs{
			Url:           pulumi.String("https://" + s.config.host()),
			ClientIdLists: pulumi.StringArray{pulumi.String(s.audience())},
		}, s.parent)
		if err != nil {
			return trust{}, fmt.Errorf("iam: identity provider of %s: %w", s.config.GitLabURL, err)
		}
		t.provider = provider.Arn
	case oidcExisting:
		t.provider = s.global("iam", "oidc-provider/"+s.config.host())
	}
	return t, nil
}

// audience is what the pipeline's tokens are for: the `aud` of its id_tokens.
func (s site) audience() string {
	return "https://" + s.config.host()
}

// document is the trust policy of a role: the CI user, and the tokens of this project's jobs whose
// branch matches ref ("*": every branch).
func (t trust) document(ref string) pulumi.StringOutput {
	statements := []policy.Statement{{
		Sid:       "User",
		Principal: map[string]any{"AWS": t.user.Arn},
		Actions:   []string{"sts:AssumeRole"},
	}}
	if t.provider != nil {
		subject := fmt.Sprintf("project_path:%s:ref_type:branch:ref:%s", t.config.ProjectPath, ref)
		equal := map[string]any{t.config.host() + ":aud": t.audience()}
		condition := map[string]any{"StringEquals": equal}
		if ref == anyBranch {
			condition["StringLike"] = map[string]any{t.config.host() + ":sub": subject}
		} else {
			equal[t.config.host()+":sub"] = subject
		}
		statements = append(statements, policy.Statement{
			Sid:       "Pipeline",
			Principal: map[string]any{"Federated": t.provider},
			Actions:   []string{"sts:AssumeRoleWithWebIdentity"},
			Condition: condition,
		})
	}
	return policy.Document(statements...)
}

// anyBranch lets the jobs of every branch take a role.
const anyBranch = "*"
