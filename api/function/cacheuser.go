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

// cacheUser sets the password of the cache's user during an update and, if the stack configures a rotation, changes it
// from then on.
//
// It runs outside the VPC, where the API of ElastiCache is: an endpoint for it would cost as much as any
// other, for one call a month. Its permissions are for its own secret and its own user.
var cacheUser = declaration{suffix: contract.HandlerCacheUser, create: createCacheUser}

func createCacheUser(ctx *pulumi.Context, a Args, f *Functions) error {
	function, _, err := f.newFunction(ctx, a, spec{
		suffix: contract.HandlerCacheUser, description: "Sets and changes the password of the cache's user",
		memoryMB: 256, timeoutSeconds: cacheUserTimeoutSeconds, outsideVPC: true,
		environment: pulumi.StringMap{
			contract.RedisSecret: a.Cache.SecretARN,
			contract.RedisUserID: a.Cache.UserID,
		},
		permissions: a.cacheUserPermissions(),
	})
	if err != nil {
		return err
	}
	set, err := setCachePassword(ctx, a, function)
	if err != nil {
		return err
	}
	f.ready = append(f.ready, set)
	if a.RotationDays == 0 {
		return nil
	}
	f.Alarms = append(f.Alarms, rotationAlarm("cache-rotation", function,
		"The password of the cache's user could not be set or changed. Look at the log of the function cache-user, which names the step."))
	return newRotation(ctx, a, rotation{
		name: "cache-rotation", permission: "cache-user-invoke",
		secret: a.Cache.SecretARN, function: function, filled: set,
	})
}

// setCachePassword gives the user the password of its secret, or a first one, once for every
// code: so the next deployment repairs a user that was recreated. As with the migration an error
// fails the update, and the old version continues to serve.
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
		versionPermissions("RotateCacheSecret", a.Cache.SecretARN),
		{
			Sid:       "CacheUser",
			Actions:   []string{"elasticache:DescribeUsers", "elasticache:ModifyUser"},
			Resources: []pulumi.StringInput{a.Cache.UserARN},
		},
		a.keyPermissions("secretsmanager"),
	}
}
