package gateway

import (
	"errors"
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
	s := newStand(t, nil)
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
		var refused smithy.APIError
		if errors.As(err, &refused) {
			return refused.ErrorCode()
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

// Each presigned address carries the token: one of the emulator's own length would let pass what is
// over Lambda's limits on AWS.
func TestASessionTokenIsAsLongAsAWSs(t *testing.T) {
	s := newStand(t, nil)
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
	answer, err := http.Get(presigned.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("a presigned call is answered %s", answer.Status)
	}
}
