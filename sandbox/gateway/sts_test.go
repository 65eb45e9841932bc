package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/didomi/serverless-api/sandbox/oidc"
)

const projectTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
	"Principal":{"Federated":"arn:aws:iam::000000000000:oidc-provider/gitlab.example"},
	"Action":"sts:AssumeRoleWithWebIdentity",
	"Condition":{"StringEquals":{"gitlab.example:aud":"https://gitlab.example","gitlab.example:sub":"project_path:group/project:ref_type:branch:ref:main"}}}]}`

func TestAValidTokenAssumesARoleThatTrustsIt(t *testing.T) {
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
	assume := func(issuer *oidc.Issuer, c oidc.Claims) string {
		t.Helper()
		token, err := issuer.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		config := s.config()
		config.Credentials = aws.AnonymousCredentials{}
		assumed, err := sts.NewFromConfig(config).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: role.Role.Arn, RoleSessionName: aws.String("job"), WebIdentityToken: aws.String(token),
		})
		if code := errorCode(err); code != "" {
			return code
		}
		if err != nil {
			t.Fatal(err)
		}
		config.Credentials = credentials.NewStaticCredentialsProvider(*assumed.Credentials.AccessKeyId, *assumed.Credentials.SecretAccessKey, *assumed.Credentials.SessionToken)
		if _, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil); err != nil {
			t.Errorf("the role's credentials are invalid: %v", err)
		}
		return ""
	}
	if code := assume(s.gateway.config.Issuer, claims(nil)); code != "InvalidIdentityToken" {
		t.Fatalf("without an identity provider in the account: %q", code)
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
		"the project's branch":         {s.gateway.config.Issuer, claims(nil), ""},
		"another branch":               {s.gateway.config.Issuer, claims(oidc.Claims{"sub": "project_path:group/project:ref_type:branch:ref:feature"}), "AccessDenied"},
		"a fork":                       {s.gateway.config.Issuer, claims(oidc.Claims{"sub": "project_path:me/project:ref_type:branch:ref:main"}), "AccessDenied"},
		"a token for another audience": {s.gateway.config.Issuer, claims(oidc.Claims{"aud": "https://elsewhere.example"}), "InvalidIdentityToken"},
		"an unknown issuer":            {s.gateway.config.Issuer, claims(oidc.Claims{"iss": "https://elsewhere.example"}), "InvalidIdentityToken"},
		"an expired token":             {s.gateway.config.Issuer, claims(oidc.Claims{"exp": time.Now().Add(-time.Minute).Unix()}), "ExpiredTokenException"},
		"a forged token":               {other, claims(nil), "InvalidIdentityToken"},
	} {
		t.Run(name, func(t *testing.T) {
			if code := assume(c.issuer, c.claims); code != c.want {
				t.Errorf("got %q, want %q", code, c.want)
			}
		})
	}
}

// AWS has more condition keys than aud, sub and amr for tokens of GitLab.com. For those of other GitLab instances it
// does not, so a condition on another key is never met.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func TestOnlyGitLabComsTokensHaveFurtherConditionKeys(t *testing.T) {
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
		{"a merge request in place of a push", "gitlab.com", "pipeline_source", "push", oidc.Job{Source: oidc.MergeRequest, Ref: "main", Target: "mine"}, "AccessDenied"},
		{"the project's ID", "gitlab.com", "project_id", "20", oidc.Job{Source: "push", Ref: "main"}, ""},
		{"another project's ID", "gitlab.com", "project_id", "21", oidc.Job{Source: "push", Ref: "main"}, "AccessDenied"},
		{"a claim without a condition key", "gitlab.com", "ref", "main", oidc.Job{Source: "push", Ref: "main"}, "AccessDenied"},
		{"a protected branch of another GitLab", "git.example", "ref_protected", "true", oidc.Job{Source: "push", Ref: "main"}, "AccessDenied"},
		{"a protected branch of another GitLab, in the subject", "git.example", "sub", "project_path:group/project:ref_type:branch:ref:main:ref_protected:true", oidc.Job{Source: "push", Ref: "main"}, ""},
		{"a merge request of another GitLab, in the subject", "git.example", "sub", "project_path:group/project:ref_type:branch:ref:main:ref_protected:true", oidc.Job{Source: oidc.MergeRequest, Ref: "main", Target: "mine"}, "AccessDenied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			project := oidc.Project{URL: "https://" + c.host, Path: "group/project", ID: 20, Protected: []string{"main"}, SubClaims: []string{"project_path", "ref_type", "ref", "ref_protected"}}
			if _, err := admin.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: &project.URL, ClientIDList: []string{project.URL}}); err != nil && errorCode(err) != "EntityAlreadyExists" {
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
			if got := errorCode(err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Every presigned URL contains the session token. With the emulator's shorter token, URLs would fit that exceed
// Lambda's limits on AWS.
func TestASessionTokenHasTheLengthOfAWSs(t *testing.T) {
	s := newTestEnv(t, nil)
	role, err := iam.NewFromConfig(s.config()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("token"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	assumed, err := sts.NewFromConfig(s.config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	c := assumed.Credentials
	if length := len(*c.SessionToken); length < 1000 {
		t.Errorf("a session token has %d characters", length)
	}
	config := s.config()
	config.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	caller, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil)
	if err != nil || !strings.HasSuffix(aws.ToString(caller.Arn), ":assumed-role/token/s") {
		t.Errorf("the caller is %s, %v", aws.ToString(caller.Arn), err)
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
		t.Errorf("a presigned call: %s", response.Status)
	}
}
