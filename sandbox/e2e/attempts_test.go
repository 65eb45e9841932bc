package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

type attempt = func(ctx context.Context, config aws.Config) error

const strayBucket = "didomi-e2e-denial"

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
		response, err := s3.NewFromConfig(config).GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		return response.Body.Close()
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

// describeUser stands for all calls on a user of the cache: permissions to change a user include the permission to
// describe it.
func describeUser(id string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := elasticache.NewFromConfig(config).DescribeUsers(ctx, &elasticache.DescribeUsersInput{UserId: &id})
		return err
	}
}

func reserveConcurrency(arn string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := lambda.NewFromConfig(config).PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &arn, ReservedConcurrentExecutions: aws.Int32(7)})
		return err
	}
}

// reservation returns the function's reserved concurrency, or nil.
func reservation(t *testing.T, out outputs, name string) *int32 {
	t.Helper()
	got, err := lambda.NewFromConfig(awsConfig(out)).GetFunctionConcurrency(context.Background(), &lambda.GetFunctionConcurrencyInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return got.ReservedConcurrentExecutions
}

// restoreReservation resets the function's reserved concurrency to its current value.
func restoreReservation(t *testing.T, out outputs, name string) attempt {
	t.Helper()
	before := reservation(t, out, name)
	return func(ctx context.Context, config aws.Config) error {
		client := lambda.NewFromConfig(config)
		if before == nil {
			_, err := client.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &name})
			return err
		}
		_, err := client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: before})
		return err
	}
}

// lambdaTrust is the trust policy of a function's role.
const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func makeRole(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(lambdaTrust)})
		return err
	}
}

func dropRole(name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
		return err
	}
}

// removeBoundary removes a role's boundary. It succeeds if the role has none, as during allowAll.
func removeBoundary(role string) attempt {
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

// Policies that no workload role may have as its boundary.
const (
	administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
	accountLogs   = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
)

// boundaryOf returns the ARN of a role's boundary.
func boundaryOf(t *testing.T, out outputs, role string) string {
	t.Helper()
	found, err := iam.NewFromConfig(awsConfig(out)).GetRole(context.Background(), &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		t.Fatal(err)
	}
	return *found.Role.PermissionsBoundary.PermissionsBoundaryArn
}

// setBoundary sets a role's boundary.
func setBoundary(role, boundary string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &role, PermissionsBoundary: &boundary})
		return err
	}
}

// attach attaches a managed policy to a role.
func attach(role, policy string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &policy})
		return err
	}
}

func detach(role, policy string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &policy})
		return err
	}
}

// setTrust sets a role's trust policy.
func setTrust(role, policy string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &role, PolicyDocument: &policy})
		return err
	}
}

// newVersion adds a policy version that allows everything; it is not the default version.
func newVersion(policy string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := iam.NewFromConfig(config).CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &policy, PolicyDocument: aws.String(everything)})
		return err
	}
}

// oldVersion deletes all policy versions but the default.
func oldVersion(policy string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		client := iam.NewFromConfig(config)
		list, err := client.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &policy})
		if err != nil {
			return err
		}
		for _, version := range list.Versions {
			if version.IsDefaultVersion {
				continue
			}
			if _, err := client.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &policy, VersionId: version.VersionId}); err != nil {
				return err
			}
		}
		return nil
	}
}

// setFunctionRole sets a function's role.
func setFunctionRole(function, role string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := lambda.NewFromConfig(config).UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, Role: &role})
		return err
	}
}

// encryptWith sets the key of a function's environment.
func encryptWith(function, key string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := lambda.NewFromConfig(config).UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, KMSKeyArn: &key})
		return err
	}
}

// readEnvironment reads a function's environment. Without the permission to decrypt it, the response contains an error
// instead.
func readEnvironment(function string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		found, err := lambda.NewFromConfig(config).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
		if err != nil || found.Environment == nil || found.Environment.Error == nil {
			return err
		}
		return &smithy.GenericAPIError{Code: aws.ToString(found.Environment.Error.ErrorCode), Message: aws.ToString(found.Environment.Error.Message)}
	}
}

func assumeRole(role string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := sts.NewFromConfig(config).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("e2e")})
		return err
	}
}

const strayUser = "e2e-denial"

func makeUser(ctx context.Context, config aws.Config) error {
	_, err := iam.NewFromConfig(config).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(strayUser)})
	return err
}

func dropUser(ctx context.Context, config aws.Config) error {
	_, err := iam.NewFromConfig(config).DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String(strayUser)})
	return err
}

// stackFunction returns the configuration of one of the stack's functions.
func stackFunction(t *testing.T, out outputs, handler string) lambdatypes.FunctionConfiguration {
	t.Helper()
	list, err := lambda.NewFromConfig(awsConfig(out)).ListFunctions(context.Background(), &lambda.ListFunctionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list.Functions {
		if strings.HasPrefix(*f.FunctionName, "didomi-"+out.Stack+"-") && aws.ToString(f.Handler) == handler {
			return f
		}
	}
	t.Fatalf("no function %s among %d", handler, len(list.Functions))
	return lambdatypes.FunctionConfiguration{}
}

func migrateFunction(t *testing.T, out outputs) string {
	t.Helper()
	return *stackFunction(t, out, "migrate").FunctionName
}
