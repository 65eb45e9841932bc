package function

import (
	"cmp"
	"fmt"

	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declaration is one Lambda function of the stack. The file that declares it has everything about it: handler,
// environment, the role's permissions, what invokes it, its alarms, and what the pipeline's roles need for these.
type declaration struct {
	// suffix is the function's name within the component. The names of its role and log group begin with it, and so
	// do those of all resources that belong to it: <component>-<suffix>-...
	suffix string
	// create registers the function and what belongs to it; nothing, where the stack's configuration leaves it out.
	create func(ctx *pulumi.Context, a Args, f *Functions) error
	// permissions are what the pipeline's roles and the workload boundary need for resources that only this
	// function has, such as a queue; nil: it has none.
	permissions func(policy.Scope) policy.Permissions
}

// declarations are all functions, in the order in which they are created. A function that uses the database follows
// migrating, and its event source depends on Functions.ready.
var declarations = []declaration{serving, migrating, rotating, cacheUser, authorizer, querying, drilling}

// Suffixes are those of all functions, also of those that a stack's configuration leaves out.
func Suffixes() []string {
	suffixes := make([]string, len(declarations))
	for i, d := range declarations {
		suffixes[i] = d.suffix
	}
	return suffixes
}

// Functions are the Lambda functions and the alias that API Gateway invokes.
type Functions struct {
	// API is the function that serves requests, Alias what API Gateway invokes of it, and Log its log group.
	API   *lambda.Function
	Alias *lambda.Alias
	Log   *cloudwatch.LogGroup
	// Authorizer is the function that API Gateway invokes to check a token; nil: the stack requires none.
	Authorizer *lambda.Function
	// Names are those of all functions.
	Names pulumi.StringArray
	// Alarms are on the functions that no request waits for.
	Alarms []component.Alarm

	migrating *lambda.Function
	migrated  *lambda.Invocation
	// ready is what must be complete before a new version runs: the migration, the password of the cache's user, and the
	// purge after a restore.
	ready []pulumi.Resource
}

// New creates the functions, each as it is declared. Then it moves the alias to the new version of the API's function;
// in a canary the rollout does that.
func New(ctx *pulumi.Context, a Args) (Functions, error) {
	var f Functions
	for _, d := range declarations {
		if err := d.create(ctx, a, &f); err != nil {
			return Functions{}, err
		}
	}
	if err := purgeCache(ctx, a, &f); err != nil {
		return Functions{}, err
	}
	provisioned, err := provisionConcurrency(ctx, a, f.API, f.ready)
	if err != nil {
		return Functions{}, err
	}
	f.Alias, err = newAlias(ctx, a, f.API, append(f.ready, provisioned...))
	return f, err
}

// unreserved is Lambda's value for a function that shares the account's concurrency.
const unreserved = -1

// spec is what differs between functions.
type spec struct {
	suffix, description      string
	handler                  string // the suffix, unless set
	zip                      string // path of the code; that of lambda/operations, unless set
	memoryMB, timeoutSeconds int
	reserved                 int                // concurrency; 0: none
	outsideVPC               bool               // it has no network interfaces and reaches AWS's public endpoints alone
	securityGroup            pulumi.StringInput // the functions', unless set
	environment              pulumi.StringMap
	// permissions are its role's, beyond those that every function has (role.go).
	permissions []policy.Statement
}

// newFunction creates a function from built code with its log group and its role, and publishes a version of it.
func (f *Functions) newFunction(ctx *pulumi.Context, a Args, s spec) (*lambda.Function, *cloudwatch.LogGroup, error) {
	log, err := a.NewLogGroup(ctx, s.suffix, nil)
	if err != nil {
		return nil, nil, err
	}
	role, err := newRole(ctx, a, s, log)
	if err != nil {
		return nil, nil, err
	}
	function, err := lambda.NewFunction(ctx, a.Name+"-"+s.suffix, s.args(a, role.role, log),
		a.Parent, pulumi.DependsOn([]pulumi.Resource{role.policy}))
	if err != nil {
		return nil, nil, fmt.Errorf("api: function %s: %w", s.suffix, err)
	}
	f.Names = append(f.Names, function.Name)
	return function, log, nil
}

// args are a function's settings: what differs between functions, and what is the same for all.
func (s spec) args(a Args, role *iam.Role, log *cloudwatch.LogGroup) *lambda.FunctionArgs {
	args := &lambda.FunctionArgs{
		Description:                  pulumi.String(s.description),
		PackageType:                  pulumi.String("Zip"),
		Code:                         pulumi.NewFileArchive(cmp.Or(s.zip, a.Code.OperationsPath)),
		Runtime:                      pulumi.String("provided.al2023"),
		Handler:                      pulumi.String(cmp.Or(s.handler, s.suffix)),
		Architectures:                pulumi.StringArray{pulumi.String(a.Architecture)},
		MemorySize:                   pulumi.Int(s.memoryMB),
		Timeout:                      pulumi.Int(s.timeoutSeconds),
		ReservedConcurrentExecutions: pulumi.Int(cmp.Or(s.reserved, unreserved)),
		Role:                         role.Arn,
		Publish:                      pulumi.Bool(true),
		Environment:                  &lambda.FunctionEnvironmentArgs{Variables: s.environment},
		// The code stays with a key of Lambda's: pulumi-aws 6 has no sourceKmsKeyArn (docs/decisions/keys.md).
		KmsKeyArn:        a.KeyARN,
		EphemeralStorage: &lambda.FunctionEphemeralStorageArgs{Size: pulumi.Int(512)},
		TracingConfig:    &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")},
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("JSON"),
			LogGroup:  log.Name,
			// AWS's defaults. Left out, the provider finds a change in every preview of a function
			// that logs JSON and is published (hashicorp/terraform-provider-aws#42660).
			ApplicationLogLevel: pulumi.String("INFO"),
			SystemLogLevel:      pulumi.String("INFO"),
		},
	}
	if !s.outsideVPC {
		group := a.SecurityGroupID
		if s.securityGroup != nil {
			group = s.securityGroup
		}
		args.VpcConfig = &lambda.FunctionVpcConfigArgs{
			SubnetIds:        a.SubnetIDs,
			SecurityGroupIds: pulumi.StringArray{group},
		}
	}
	return args
}
