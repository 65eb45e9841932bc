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

// principals is who tries things in a stack, and what of the stack beside it they try them on.
type principals struct {
	out, other outputs
	// names and foreign are what the two stacks export; env and foreignEnv what their functions are told.
	names, foreign  map[string]any
	env, foreignEnv map[string]string
	// state is the bucket of both stacks' states, stateKey its key.
	state, stateKey string

	user, preview, deploy                 principal
	function, migration, cacheUser, flows principal
	// proxy is the role of the other stack's, for this one has no proxy.
	proxy principal
	// made is a role that the deploy role has made, as wide as it can.
	made principal
}

// stackRoles are the roles of a stack's parts, by what follows the stack's name.
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
	// AWS's services take these on; here the administrator does.
	roles, admin := stackRoles(t, out), awsConfig(out)
	c.function, c.migration = take(admin, roles["api-function-role"]), take(admin, roles["api-migrate-role"])
	c.cacheUser = take(admin, roles["api-cache-user-role"])
	c.proxy, c.flows = take(admin, stackRoles(t, other)["data-proxy"]), take(admin, roles["network-flows"])
	c.made = take(admin, makeWidestRole(t, c))
	putFile(t, out)
	putFile(t, other)
	return c
}

// makeWidestRole has the deploy role make the widest role that it can: one that its policy lets do
// everything, within the boundary that it must carry.
func makeWidestRole(t *testing.T, c *principals) string {
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
		t.Fatalf("the deploy role makes no role of its stack: %v", err)
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
		t.Fatalf("the deploy role gives the role no policy: %v", err)
	}
	return *role.Role.Arn
}

// masterSecret is the ARN of the secret of a stack's master user.
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

// keyOf is the key that a secret is encrypted with.
func keyOf(t *testing.T, out outputs, secret string) string {
	t.Helper()
	kept, err := secretsmanager.NewFromConfig(awsConfig(out)).DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: &secret})
	if err != nil {
		t.Fatal(err)
	}
	return *kept.KmsKeyId
}

// keyARN is the ARN of the key behind an alias.
func keyARN(t *testing.T, out outputs, alias string) string {
	t.Helper()
	key, err := kms.NewFromConfig(awsConfig(out)).DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		t.Fatal(err)
	}
	return *key.KeyMetadata.Arn
}

// functionRole is the role that a function runs as.
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
