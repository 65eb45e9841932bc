package e2e

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

// everything is what a policy says that somebody widened.
const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// identity is somebody to try things as, and what it is named by.
type identity struct {
	name   string // of the user or the role
	user   bool
	config aws.Config
}

// loosen lets the identity do everything until undo is called.
func (i identity) loosen(t *testing.T, admin *iam.Client) (undo func()) {
	t.Helper()
	ctx, policy := context.Background(), aws.String("e2e-loosened")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if i.user {
		_, err := admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &i.name, PolicyName: policy, PolicyDocument: aws.String(everything)})
		must(err)
		return func() {
			_, err := admin.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &i.name, PolicyName: policy})
			must(err)
		}
	}
	role, err := admin.GetRole(ctx, &iam.GetRoleInput{RoleName: &i.name})
	must(err)
	_, err = admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &i.name, PolicyName: policy, PolicyDocument: aws.String(everything)})
	must(err)
	_, err = admin.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &i.name})
	must(err)
	return func() {
		_, err := admin.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
			RoleName: &i.name, PermissionsBoundary: role.Role.PermissionsBoundary.PermissionsBoundaryArn,
		})
		must(err)
		_, err = admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &i.name, PolicyName: policy})
		must(err)
	}
}

// denied says whether AWS refused for want of a right.
func denied(err error) bool {
	var failure smithy.APIError
	codes := []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden"}
	return errors.As(err, &failure) && slices.Contains(codes, failure.ErrorCode())
}

// abuse is one thing that must be refused, and undone where it was let through.
type abuse struct {
	name string
	who  identity
	try  func(ctx context.Context, config aws.Config) error
	undo func(ctx context.Context, config aws.Config) error
}

// checkAbuse tries with each identity of the stack what it must not be able to do. Each try is
// repeated with the identity let do everything, which shows that it was refused for want of a right
// and for no other reason.
func checkAbuse(t *testing.T, out, other outputs) {
	t.Helper()
	admin := iam.NewFromConfig(awsConfig(out))
	for _, a := range abuses(t, out, other) {
		t.Run(a.name, func(t *testing.T) {
			ctx := context.Background()
			if err := a.try(ctx, a.who.config); !denied(err) {
				t.Errorf("was let through, or failed for another reason: %v", err)
			}
			undo := a.who.loosen(t, admin)
			defer undo()
			if err := a.try(ctx, a.who.config); err != nil {
				t.Errorf("fails even with every right, so its refusal proves nothing: %v", err)
			}
			if a.undo == nil {
				return
			}
			if err := a.undo(ctx, awsConfig(out)); err != nil {
				t.Errorf("undo: %v", err)
			}
		})
	}
}

// last is the name at the end of an ARN.
func last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// abuses are tried in the stack out; other is the stack beside it.
func abuses(t *testing.T, out, other outputs) []abuse {
	t.Helper()
	names, function := stackOutputs(t, out), functionEnvironment(t, out)
	user := identity{name: names["ciUser"].(string), user: true}
	user.config = ciUser(t, out, user.name)
	take := func(as aws.Config, arn any) identity {
		return identity{name: last(arn.(string)), config: assume(t, as, arn.(string))}
	}
	preview, deploy := take(user.config, names["ciPreviewRole"]), take(user.config, names["ciDeployRole"])
	serving, migrating := functionRoles(t, out)
	api, migrate := take(awsConfig(out), serving), take(awsConfig(out), migrating)
	putFile(t, other)
	backend, err := url.Parse(out.BackendURL)
	if err != nil {
		t.Fatal(err)
	}
	state := backend.Host
	foreign := functionEnvironment(t, other)
	return []abuse{
		{"the preview role makes nothing", preview, makeBucket, dropBucket},
		{"the preview role changes nothing", preview, reserve(names["functionName"].(string)), release(names["functionName"].(string))},
		{"the preview role reads no secret", preview, readSecret(function["DB_SECRET_ARN"]), nil},
		{"the preview role does not write the state", preview, writeObject(state, ".pulumi/locks/organization/didomi/dev/e2e.json"), dropObject(state, ".pulumi/locks/organization/didomi/dev/e2e.json")},
		{"the deploy role makes no role without the boundary", deploy, makeRole("didomi-dev-api-e2e"), dropRole("didomi-dev-api-e2e")},
		{"the deploy role makes no role outside its stack", deploy, makeRole("e2e-outside"), dropRole("e2e-outside")},
		{"the deploy role does not take its own boundary off", deploy, unbind(deploy.name), nil},
		{"the deploy role does not widen itself", deploy, widen(deploy.name), unwiden(deploy.name)},
		{"the deploy role reads no secret of another stack", deploy, readSecret(foreign["DB_SECRET_ARN"]), nil},
		{"the deploy role reads no file of another stack", deploy, readObject(other.Bucket, "e2e/abuse"), nil},
		{"the deploy role reads no state of another stack", deploy, readObject(state, ".pulumi/stacks/didomi/"+other.Stack+".json"), nil},
		{"the deploy role takes over no network of another stack", deploy, tagNetwork(t, other, out.Stack), tagNetwork(t, other, other.Stack)},
		{"the deploy role takes over no key of another stack", deploy, tagKey(t, other, foreign["DB_SECRET_ARN"], out.Stack), tagKey(t, other, foreign["DB_SECRET_ARN"], other.Stack)},
		{"the deploy role changes no function of another stack", deploy, reserve(stackOutputs(t, other)["functionName"].(string)), release(stackOutputs(t, other)["functionName"].(string))},
		{"the CI user alone reads no state", user, readObject(state, ".pulumi/stacks/didomi/"+out.Stack+".json"), nil},
		{"the CI user alone makes nothing", user, makeBucket, dropBucket},
		{"the CI user alone makes no role", user, makeRole("e2e-outside"), dropRole("e2e-outside")},
		{"the function reads no other bucket", api, readObject(other.Bucket, "e2e/abuse"), nil},
		{"the function reads no state", api, readObject(state, ".pulumi/stacks/didomi/"+out.Stack+".json"), nil},
		{"the function reads no secret of another stack", api, readSecret(foreign["DB_SECRET_ARN"]), nil},
		{"the function uses no other key", api, encrypt(strings.TrimPrefix(strings.SplitN(out.SecretsProvider, "?", 2)[0], "awskms://")), nil},
		{"the function makes nothing", api, makeBucket, dropBucket},
		{"the migration reads no file", migrate, readObject(other.Bucket, "e2e/abuse"), nil},
	}
}

// functionRoles are the ARNs of the roles of the stack's two functions.
func functionRoles(t *testing.T, out outputs) (api, migrate string) {
	t.Helper()
	list, err := lambda.NewFromConfig(awsConfig(out)).ListFunctions(context.Background(), &lambda.ListFunctionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list.Functions {
		switch name := *f.FunctionName; {
		case !strings.HasPrefix(name, "didomi-"+out.Stack+"-"):
		case aws.ToString(f.Handler) == "api":
			api = *f.Role
		case aws.ToString(f.Handler) == "migrate":
			migrate = *f.Role
		}
	}
	if api == "" || migrate == "" {
		t.Fatalf("no roles of the two functions among %d functions", len(list.Functions))
	}
	return api, migrate
}

func putFile(t *testing.T, out outputs) {
	t.Helper()
	if err := writeObject(out.Bucket, "e2e/abuse")(context.Background(), awsConfig(out)); err != nil {
		t.Fatal(err)
	}
}

type attempt = func(ctx context.Context, config aws.Config) error

const strayBucket = "didomi-e2e-abuse"

func makeBucket(ctx context.Context, config aws.Config) error {
	_, err := s3.NewFromConfig(config).CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    aws.String(strayBucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(config.Region)},
	})
	return err
}

func dropBucket(ctx context.Context, config aws.Config) error {
	_, err := s3.NewFromConfig(config).DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(strayBucket)})
	return err
}

func readObject(bucket, key string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		answer, err := s3.NewFromConfig(config).GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		return answer.Body.Close()
	}
}

func writeObject(bucket, key string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := s3.NewFromConfig(config).PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("e2e")})
		return err
	}
}

func dropObject(bucket, key string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := s3.NewFromConfig(config).DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		return err
	}
}

func readSecret(arn string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := secretsmanager.NewFromConfig(config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
		return err
	}
}

// tagNetwork marks the stack's network as another's, whose pipeline could then change it.
func tagNetwork(t *testing.T, of outputs, stack string) attempt {
	t.Helper()
	vpc := stackOutputs(t, of)["vpcId"].(string)
	return func(ctx context.Context, config aws.Config) error {
		_, err := ec2.NewFromConfig(config).CreateTags(ctx, &ec2.CreateTagsInput{
			Resources: []string{vpc}, Tags: []ec2types.Tag{{Key: aws.String("environment"), Value: &stack}},
		})
		return err
	}
}

// tagKey does the same to the key of a secret.
func tagKey(t *testing.T, of outputs, secret, stack string) attempt {
	t.Helper()
	kept, err := secretsmanager.NewFromConfig(awsConfig(of)).DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: &secret})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, config aws.Config) error {
		_, err := kms.NewFromConfig(config).TagResource(ctx, &kms.TagResourceInput{
			KeyId: kept.KmsKeyId, Tags: []kmstypes.Tag{{TagKey: aws.String("environment"), TagValue: &stack}},
		})
		return err
	}
}

func encrypt(key string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := kms.NewFromConfig(config).Encrypt(ctx, &kms.EncryptInput{KeyId: &key, Plaintext: []byte("e2e")})
		return err
	}
}

func reserve(arn string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := lambda.NewFromConfig(config).PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &arn, ReservedConcurrentExecutions: aws.Int32(7)})
		return err
	}
}

func release(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := lambda.NewFromConfig(config).DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &name})
		return err
	}
}

func makeRole(name string) attempt {
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)})
		return err
	}
}

func dropRole(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
		return err
	}
}

// unbind takes a role's boundary off; one that is off already, as a loosened role's, was not refused.
func unbind(role string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &role})
		if missing := new(iamtypes.NoSuchEntityException); errors.As(err, &missing) {
			return nil
		}
		return err
	}
}

func widen(role string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("e2e-widened"), PolicyDocument: aws.String(everything)})
		return err
	}
}

func unwiden(role string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: aws.String("e2e-widened")})
		return err
	}
}
