package gateway

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/sandbox/dataplane"
)

const rdsTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rds.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// proxySecret creates a secret with a user's password and returns its ARN.
func proxySecret(t *testing.T, client *secretsmanager.Client, name, user, password string) string {
	t.Helper()
	created, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: &name, SecretString: aws.String(`{"username":"` + user + `","password":"` + password + `"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *created.ARN
}

func TestAProxyUsesThePasswordsThatItsRoleMayRead(t *testing.T) {
	s := newTestEnv(t, nil)
	secrets, databases := secretsmanager.NewFromConfig(s.config()), rds.NewFromConfig(s.config())
	readable := proxySecret(t, secrets, "proxy-own", "app", "current")
	unreadable := proxySecret(t, secrets, "proxy-hidden", "boss", "unread")
	_, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: &readable, SecretString: aws.String(`{"username":"app","password":"pending"}`), VersionStages: []string{"AWSPENDING"},
	})
	if err != nil {
		t.Fatal(err)
	}
	reader := role(t, s, "proxy-reader", rdsTrust)
	_, err = iam.NewFromConfig(s.config()).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("proxy-reader"), PolicyName: aws.String("own"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"` + readable + `"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	var auth []types.UserAuthConfig
	for _, secret := range []string{unreadable, readable} {
		auth = append(auth, types.UserAuthConfig{AuthScheme: types.AuthSchemeSecrets, SecretArn: &secret, IAMAuth: types.IAMAuthModeDisabled})
	}
	_, err = databases.CreateDBProxy(t.Context(), &rds.CreateDBProxyInput{
		DBProxyName: aws.String("reading"), EngineFamily: types.EngineFamilyPostgresql, RoleArn: &reader,
		VpcSubnetIds: []string{subnet(t, s)}, RequireTLS: aws.Bool(true), Auth: auth,
	})
	if err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]string{"app": "current", "boss": "", "stranger": ""} {
		t.Run(user, func(t *testing.T) {
			got, err := s.plane.password(t.Context(), user)
			if got != want || errors.Is(err, dataplane.ErrNoCredentials) != (want == "") {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		})
	}
}
