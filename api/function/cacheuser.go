package function

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cacheUserTimeoutSeconds bounds a deployment's invocation, and one step of a rotation: the function
// waits up to four minutes for every node of the cache to know a password.
const cacheUserTimeoutSeconds = 300

// newCacheUser makes the function that gives the cache's user its passwords, has it give the first one,
// and, if the stack asks for it, another one again and again. It returns the function and the
// invocation after which the user can log in.
//
// It runs outside the VPC, where the API of ElastiCache is: an endpoint for it would cost as much as any
// other, for one call a month. What it may do there is to its own secret and its own user.
func newCacheUser(ctx *pulumi.Context, a Args) (*lambda.Function, *lambda.Invocation, error) {
	log, err := a.NewLogGroup(ctx, contract.HandlerCacheUser, nil)
	if err != nil {
		return nil, nil, err
	}
	// The function is not known before its role.
	trust := a.trust(a.ARN("lambda", "function:"+a.Name+"-"+contract.HandlerCacheUser+"-*"))
	role, err := newRole(ctx, a, contract.HandlerCacheUser, trust, append(a.functionPermissions(log), a.cacheUserPermissions()...))
	if err != nil {
		return nil, nil, err
	}
	function, err := newFunction(ctx, a, functionSpec{
		part: contract.HandlerCacheUser, description: "Sets and changes the password of the cache's user", handler: contract.HandlerCacheUser, zip: a.Code.OperationsPath,
		memoryMB: 256, timeoutSeconds: cacheUserTimeoutSeconds, reserved: unreserved, outside: true,
		environment: pulumi.StringMap{
			contract.RedisSecret: a.Cache.SecretARN,
			contract.RedisUserID: a.Cache.UserID,
		},
		role: role, log: log,
	})
	if err != nil {
		return nil, nil, err
	}
	set, err := setCachePassword(ctx, a, function)
	if err != nil || a.RotationDays == 0 {
		return function, set, err
	}
	return function, set, newRotation(ctx, a, rotation{
		name: "cache-rotation", permission: "cache-user-invoke",
		secret: a.Cache.SecretARN, function: function, filled: set,
	})
}

// setCachePassword has the user hold the password that the secret has, or a first one, once for every
// code: so a user that was made anew is mended by the next deployment. As with the migration an error
// fails the update, and the old version goes on serving.
func setCachePassword(ctx *pulumi.Context, a Args, function *lambda.Function) (*lambda.Invocation, error) {
	set, err := lambda.NewInvocation(ctx, a.Name+"-cache-user-set", &lambda.InvocationArgs{
		FunctionName: function.Name,
		Qualifier:    function.Version,
		Input: pulumi.JSONMarshal(pulumi.StringMap{
			"Step": pulumi.String("deploySecret"), "SecretId": a.Cache.SecretARN,
		}),
		Triggers:       pulumi.ToStringMap(map[string]string{"code": a.Code.SHA256}),
		LifecycleScope: pulumi.String("CREATE_ONLY"),
	}, a.Parent, pulumi.DependsOn(a.After))
	if err != nil {
		return nil, fmt.Errorf("api: password of the cache's user: %w", err)
	}
	return set, nil
}

// cacheUserPermissions are what the function may do: give the one secret other versions, and the one user
// passwords.
func (a Args) cacheUserPermissions() []policy.Statement {
	return []policy.Statement{
		versionPermissions("RotateTheCacheUsersSecret", a.Cache.SecretARN),
		{
			Sid:       "CacheUser",
			Actions:   []string{"elasticache:DescribeUsers", "elasticache:ModifyUser"},
			Resources: []pulumi.StringInput{a.Cache.UserARN},
		},
		a.keyPermissions("secretsmanager"),
	}
}
