package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/sandbox/oidc"
)

const projectTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
	"Principal":{"Federated":"arn:aws:iam::000000000000:oidc-provider/gitlab.example"},
	"Action":"sts:AssumeRoleWithWebIdentity",
	"Condition":{"StringEquals":{"gitlab.example:aud":"https://gitlab.example","gitlab.example:sub":"project_path:group/project:ref_type:branch:ref:main"}}}]}`

func TestATokenTakesARoleWhenItIsOursAndTheTrustPolicySaysSo(t *testing.T) {
	s := newTestEnv(t, nil)
	admin := iam.NewFromConfig(s.config())
	role, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("deploy"), AssumeRolePolicyDocument: aws.String(projectTrust)})
	if err != nil {
		t.Fatal(err)
	}
	other, err := oidc.New()
	if err != nil {
		t.Fatal(err)
	}
	claims := func(more oidc.Claims) oidc.Claims {
		all := oidc.Claims{
			"iss": "https://gitlab.example", "aud": "https://gitlab.example",
			"sub": "project_path:group/project:ref_type:branch:ref:main",
		}
		for key, value := range more {
			all[key] = value
		}
		return all
	}
	take := func(issuer *oidc.Issuer, c oidc.Claims) string {
		t.Helper()
		token, err := issuer.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		config := s.config()
		config.Credentials = aws.AnonymousCredentials{}
		taken, err := sts.NewFromConfig(config).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: role.Role.Arn, RoleSessionName: aws.String("job"), WebIdentityToken: aws.String(token),
		})
		if code := failureCode(err); code != "" {
			return code
		}
		if err != nil {
			t.Fatal(err)
		}
		config.Credentials = credentials.NewStaticCredentialsProvider(*taken.Credentials.AccessKeyId, *taken.Credentials.SecretAccessKey, *taken.Credentials.SessionToken)
		if _, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil); err != nil {
			t.Errorf("the role's keys are of no use: %v", err)
		}
		return ""
	}
	if code := take(s.gateway.config.Issuer, claims(nil)); code != "InvalidIdentityToken" {
		t.Fatalf("without a provider in the account: %q", code)
	}
	if _, err := admin.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://gitlab.example"), ClientIDList: []string{"https://gitlab.example"},
	}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		issuer *oidc.Issuer
		claims oidc.Claims
		want   string
	}{
		"the project's branch":    {s.gateway.config.Issuer, claims(nil), ""},
		"another branch":          {s.gateway.config.Issuer, claims(oidc.Claims{"sub": "project_path:group/project:ref_type:branch:ref:feature"}), "AccessDenied"},
		"a fork":                  {s.gateway.config.Issuer, claims(oidc.Claims{"sub": "project_path:me/project:ref_type:branch:ref:main"}), "AccessDenied"},
		"a token for others":      {s.gateway.config.Issuer, claims(oidc.Claims{"aud": "https://elsewhere.example"}), "InvalidIdentityToken"},
		"an issuer nobody trusts": {s.gateway.config.Issuer, claims(oidc.Claims{"iss": "https://elsewhere.example"}), "InvalidIdentityToken"},
		"an old token":            {s.gateway.config.Issuer, claims(oidc.Claims{"exp": time.Now().Add(-time.Minute).Unix()}), "ExpiredTokenException"},
		"a forged token":          {other, claims(nil), "InvalidIdentityToken"},
	} {
		t.Run(name, func(t *testing.T) {
			if code := take(c.issuer, c.claims); code != c.want {
				t.Errorf("answered %q, want %q", code, c.want)
			}
		})
	}
}

// Of GitLab.com's tokens AWS has more condition keys than aud, sub and amr, of another GitLab's no more: a
// condition on one is never met there.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func TestFurtherClaimsAreConditionKeysForGitLabComAlone(t *testing.T) {
	s := newTestEnv(t, nil)
	admin := iam.NewFromConfig(s.config())
	anonymous := s.config()
	anonymous.Credentials = aws.AnonymousCredentials{}
	for _, c := range []struct {
		name, host, key, value string
		job                    oidc.Job
		want                   string
	}{
		{"a protected branch", "gitlab.com", "ref_protected", "true", oidc.Job{Source: "push", Ref: "main"}, ""},
		{"a merge request from it", "gitlab.com", "ref_protected", "true", oidc.Job{Source: oidc.MergeRequest, Ref: "main", Target: "mine"}, "AccessDenied"},
		{"a push", "gitlab.com", "pipeline_source", "push", oidc.Job{Source: "push", Ref: "main"}, ""},
		{"no push", "gitlab.com", "pipeline_source", "push", oidc.Job{Source: oidc.MergeRequest, Ref: "main", Target: "mine"}, "AccessDenied"},
		{"the project's number", "gitlab.com", "project_id", "20", oidc.Job{Source: "push", Ref: "main"}, ""},
		{"another one's", "gitlab.com", "project_id", "21", oidc.Job{Source: "push", Ref: "main"}, "AccessDenied"},
		{"a claim that AWS has no key for", "gitlab.com", "ref", "main", oidc.Job{Source: "push", Ref: "main"}, "AccessDenied"},
		{"a protected branch of another GitLab", "git.example", "ref_protected", "true", oidc.Job{Source: "push", Ref: "main"}, "AccessDenied"},
		{"which its subject can say", "git.example", "sub", "project_path:group/project:ref_type:branch:ref:main:ref_protected:true", oidc.Job{Source: "push", Ref: "main"}, ""},
		{"and not of a merge request", "git.example", "sub", "project_path:group/project:ref_type:branch:ref:main:ref_protected:true", oidc.Job{Source: oidc.MergeRequest, Ref: "main", Target: "mine"}, "AccessDenied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			project := oidc.Project{URL: "https://" + c.host, Path: "group/project", ID: 20, Protected: []string{"main"}, SubClaims: []string{"project_path", "ref_type", "ref", "ref_protected"}}
			if _, err := admin.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: &project.URL, ClientIDList: []string{project.URL}}); err != nil && failureCode(err) != "EntityAlreadyExists" {
				t.Fatal(err)
			}
			trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::000000000000:oidc-provider/%s"},`+
				`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"%s:%s":%q}}}]}`, c.host, c.host, c.key, c.value)
			role, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(strings.ReplaceAll(strings.ReplaceAll(c.name, " ", "-"), "'", "")), AssumeRolePolicyDocument: &trust})
			if err != nil {
				t.Fatal(err)
			}
			token, err := s.gateway.config.Issuer.Sign(project.Claims(c.job))
			if err != nil {
				t.Fatal(err)
			}
			_, err = sts.NewFromConfig(anonymous).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
				RoleArn: role.Role.Arn, RoleSessionName: aws.String("job"), WebIdentityToken: &token,
			})
			if got := failureCode(err); got != c.want {
				t.Errorf("answered %q, want %q", got, c.want)
			}
		})
	}
}

// failureCode is the code of AWS's error, or "".
func failureCode(err error) string {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return refused.ErrorCode()
	}
	return ""
}

// Each presigned address carries the token: one of the emulator's own length would let pass what is
// over Lambda's limits on AWS.
func TestASessionTokenIsAsLongAsAWSs(t *testing.T) {
	s := newTestEnv(t, nil)
	role, err := iam.NewFromConfig(s.config()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("token"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := sts.NewFromConfig(s.config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	c := taken.Credentials
	if length := len(*c.SessionToken); length < 1000 {
		t.Errorf("a session token has %d characters", length)
	}
	config := s.config()
	config.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	who, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil)
	if err != nil || !strings.HasSuffix(aws.ToString(who.Arn), ":assumed-role/token/s") {
		t.Errorf("%s, %v", aws.ToString(who.Arn), err)
	}
	presigned, err := sts.NewPresignClient(sts.NewFromConfig(config)).PresignGetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(presigned.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Errorf("a presigned call is answered %s", response.Status)
	}
}
