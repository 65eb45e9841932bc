package e2e

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// principals are the users and roles of a stack, with the two stacks on which they make calls.
type principals struct {
	out, other outputs
	// names and foreign are the outputs of the two stacks; env and foreignEnv are the environments of their functions.
	names, foreign  map[string]any
	env, foreignEnv map[string]string
	// state is the bucket of both stacks' states; stateKey is its key.
	state, stateKey string

	user, preview, deploy                 principal
	function, migration, cacheUser, flows principal
	// proxy is the other stack's role, because this stack has no proxy.
	proxy principal
	// created is a role that the deploy role has created with all permissions within its boundary.
	created principal
}

// stackRoles returns the ARNs of a stack's roles by the part of their names after the stack's prefix.
func stackRoles(t *testing.T, out outputs) map[string]string {
	t.Helper()
	client, prefix := iam.NewFromConfig(awsConfig(out)), "didomi-"+out.Stack+"-"
	roles := map[string]string{}
	pages := iam.NewListRolesPaginator(client, &iam.ListRolesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range page.Roles {
			if part, ok := strings.CutPrefix(*role.RoleName, prefix); ok {
				roles[part[:strings.LastIndex(part, "-")]] = *role.Arn
			}
		}
	}
	return roles
}

func newPrincipals(t *testing.T, out, other outputs) *principals {
	t.Helper()
	c := &principals{
		out: out, other: other, names: stackOutputs(t, out), foreign: stackOutputs(t, other),
		env: functionEnvironment(t, out), foreignEnv: functionEnvironment(t, other),
	}
	backend, err := url.Parse(out.BackendURL)
	if err != nil {
		t.Fatal(err)
	}
	c.state = backend.Host
	c.stateKey = keyARN(t, out, strings.TrimPrefix(strings.SplitN(out.SecretsProvider, "?", 2)[0], "awskms://"))
	c.user = principal{name: c.names["ciUser"].(string), user: true}
	c.user.config = ciUser(t, out, c.user.name)
	take := func(as aws.Config, arn string) principal {
		t.Helper()
		return principal{name: last(arn), config: assume(t, as, arn)}
	}
	c.preview, c.deploy = take(c.user.config, c.names["ciPreviewRole"].(string)), take(c.user.config, c.names["ciDeployRole"].(string))
	// On AWS, services assume these roles; here the administrator does.
	roles, admin := stackRoles(t, out), awsConfig(out)
	c.function, c.migration = take(admin, roles["api-function-role"]), take(admin, roles["api-migrate-role"])
	c.cacheUser = take(admin, roles["api-cache-user-role"])
	c.proxy, c.flows = take(admin, stackRoles(t, other)["data-proxy"]), take(admin, roles["network-flows"])
	c.created = take(admin, createWidestRole(t, c))
	putFile(t, out)
	putFile(t, other)
	return c
}

// createWidestRole creates a role as the deploy role: its policy allows everything, within the required boundary.
func createWidestRole(t *testing.T, c *principals) string {
	t.Helper()
	ctx, admin, deploy := context.Background(), iam.NewFromConfig(awsConfig(c.out)), iam.NewFromConfig(c.deploy.config)
	function, err := admin.GetRole(ctx, &iam.GetRoleInput{RoleName: &c.function.name})
	if err != nil {
		t.Fatal(err)
	}
	name, policy := aws.String("didomi-"+c.out.Stack+"-api-e2e-widest"), aws.String("everything")
	role, err := deploy.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: aws.String(lambdaTrust),
		PermissionsBoundary: function.Role.PermissionsBoundary.PermissionsBoundaryArn,
	})
	if err != nil {
		t.Fatalf("the deploy role cannot create a role of its stack: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: policy}); err != nil {
			t.Error(err)
		}
		if _, err := admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}); err != nil {
			t.Error(err)
		}
	})
	if _, err := deploy.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: policy, PolicyDocument: aws.String(everything)}); err != nil {
		t.Fatalf("the deploy role cannot set the role's policy: %v", err)
	}
	return *role.Role.Arn
}

// masterSecret returns the ARN of the secret of a stack's master user.
func masterSecret(t *testing.T, out outputs) string {
	t.Helper()
	list, err := rds.NewFromConfig(awsConfig(out)).DescribeDBClusters(context.Background(), &rds.DescribeDBClustersInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, cluster := range list.DBClusters {
		if strings.HasPrefix(*cluster.DBClusterIdentifier, "didomi-"+out.Stack+"-") && cluster.MasterUserSecret != nil {
			return *cluster.MasterUserSecret.SecretArn
		}
	}
	t.Fatalf("no cluster of %s has a secret", out.Stack)
	return ""
}

// keyOf returns the key of a secret.
func keyOf(t *testing.T, out outputs, secret string) string {
	t.Helper()
	kept, err := secretsmanager.NewFromConfig(awsConfig(out)).DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: &secret})
	if err != nil {
		t.Fatal(err)
	}
	return *kept.KmsKeyId
}

// keyARN returns the ARN of an alias's key.
func keyARN(t *testing.T, out outputs, alias string) string {
	t.Helper()
	key, err := kms.NewFromConfig(awsConfig(out)).DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		t.Fatal(err)
	}
	return *key.KeyMetadata.Arn
}

// functionRole returns a function's role.
func functionRole(t *testing.T, out outputs, name string) string {
	t.Helper()
	f, err := lambda.NewFromConfig(awsConfig(out)).GetFunctionConfiguration(context.Background(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *f.Role
}

func putFile(t *testing.T, out outputs) {
	t.Helper()
	if err := writeObject(out.Bucket, "e2e/denial")(context.Background(), awsConfig(out)); err != nil {
		t.Fatal(err)
	}
}
