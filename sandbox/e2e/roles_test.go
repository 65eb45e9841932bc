package e2e

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// stackOutputs returns the program's outputs without secrets.
func stackOutputs(t *testing.T, out outputs) map[string]any {
	t.Helper()
	printed, stderr, code := pulumi(t, out, repository(t), "stack", "output", "--stack", out.Stack, "--json")
	if code != 0 {
		t.Fatal(stderr)
	}
	var exported map[string]any
	if err := json.Unmarshal([]byte(printed), &exported); err != nil {
		t.Fatal(err)
	}
	return exported
}

// ciUser returns a configuration of the stack's CI user, with a key that is deleted when the test ends.
func ciUser(t *testing.T, out outputs, name string) aws.Config {
	t.Helper()
	admin := iam.NewFromConfig(awsConfig(out))
	created, err := admin.CreateAccessKey(context.Background(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := admin.DeleteAccessKey(context.Background(), &iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: created.AccessKey.AccessKeyId})
		if err != nil {
			t.Error(err)
		}
	})
	config := awsConfig(out)
	config.Credentials = credentials.NewStaticCredentialsProvider(*created.AccessKey.AccessKeyId, *created.AccessKey.SecretAccessKey, "")
	return config
}

// assume assumes a role.
func assume(t *testing.T, as aws.Config, role string) aws.Config {
	t.Helper()
	return assumeWithin(t, as, role, nil)
}

// assumeWithin assumes a role with a session policy, if it is not nil.
func assumeWithin(t *testing.T, as aws.Config, role string, policy *string) aws.Config {
	t.Helper()
	session, err := sts.NewFromConfig(as).AssumeRole(context.Background(), &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: aws.String("e2e"), Policy: policy,
	})
	if err != nil {
		t.Fatalf("assume the role %s: %v", role, err)
	}
	config := as.Copy()
	config.Credentials = credentials.NewStaticCredentialsProvider(*session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken)
	return config
}
