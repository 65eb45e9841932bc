package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// creation is the call that creates a resource of a type, with the ARN that it is authorized on.
type creation struct{ token, action, resource string }

// https://docs.aws.amazon.com/service-authorization/latest/reference/
var creations = []creation{
	{types.VPC, "ec2:CreateVpc", "ec2:{region}:{account}:vpc/vpc-0"},
	defaultGroup,
	{types.Cluster, "rds:CreateDBCluster", "rds:{region}:{account}:cluster:{name}-0"},
	{types.ReplicationGroup, "elasticache:CreateReplicationGroup", "elasticache:{region}:{account}:replicationgroup:{name}-0"},
	{types.Function, "lambda:CreateFunction", "lambda:{region}:{account}:function:{name}-0"},
	{types.RestAPI, "apigateway:POST", "apigateway:{region}::/restapis"},
	{types.Key, "kms:CreateKey", "*"},
	{types.Secret, "secretsmanager:CreateSecret", "secretsmanager:{region}:{account}:secret:{name}-0"},
	{types.Bucket, "s3:CreateBucket", "s3:::{name}-0"},
	{types.MetricAlarm, "cloudwatch:PutMetricAlarm", "cloudwatch:{region}:{account}:alarm:{name}-0"},
}

// defaultGroup is created with a VPC and has no tag: the pipeline's role may not set one.
var defaultGroup = creation{types.DefaultSecurityGroup, "ec2:CreateTags", "ec2:{region}:{account}:security-group/sg-0"}

// permissions simulates the calls that create the stack's main resources, one of each type.
func permissions(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	if strings.HasSuffix(a.caller, ":root") {
		return nil, nil // no policy binds the account's root user
	}
	var principal string
	var missing []Finding
	var undecided []string
	for _, c := range creations {
		r := firstNew(g, c.token)
		if r == nil {
			continue
		}
		if principal == "" {
			var err error
			if principal, err = a.principal(ctx); err != nil {
				return nil, err
			}
		}
		resource := a.expand(c.resource, r.Name)
		result, err := a.simulate(ctx, principal, c.action, resource, a.tags(g, c != defaultGroup))
		if err != nil {
			return missing, fmt.Errorf("simulate %s for %s: %w", c.action, principal, err)
		}
		switch {
		case result.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed:
		case result.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeImplicitDeny && len(result.MissingContextValues) > 0:
			undecided = append(undecided, c.action)
		default:
			missing = append(missing, Finding{
				What: fmt.Sprintf("%s may not call %s on %s (%s)", principal, c.action, resource, result.EvalDecision),
				Do:   "have an administrator update the stack's components iam, keys and network (docs/how-to/set-up-gitlab.md, Roles), or call with other credentials",
			})
		}
	}
	if len(undecided) > 0 {
		return missing, fmt.Errorf("the policies of %s depend on context that the simulation lacks for %s", principal, strings.Join(undecided, ", "))
	}
	return missing, nil
}

func firstNew(g *graph.Graph, token string) *graph.Resource {
	for _, r := range g.ByType(token) {
		if r.Op == "create" {
			return r
		}
	}
	return nil
}

func (a *account) expand(resource, name string) string {
	if resource == "*" {
		return resource
	}
	return "arn:" + a.partition + ":" + strings.NewReplacer("{region}", a.region, "{account}", a.id, "{name}", name).Replace(resource)
}

// principal returns the user or role whose policies bind the caller. The ARN of a role's session lacks the role's path,
// so the role is read from IAM.
func (a *account) principal(ctx context.Context) (string, error) {
	_, session, assumed := strings.Cut(a.caller, ":assumed-role/")
	if !assumed {
		return a.caller, nil
	}
	name, _, _ := strings.Cut(session, "/")
	role, err := a.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return "", fmt.Errorf("find the role of %s: %w", a.caller, err)
	}
	return aws.ToString(role.Role.Arn), nil
}

// tags returns the context of a call that sets the program's tags, on a resource with the stack's tag or with none.
func (a *account) tags(g *graph.Graph, own bool) []iamtypes.ContextEntry {
	key := func(name, value string) iamtypes.ContextEntry {
		return iamtypes.ContextEntry{ContextKeyName: &name, ContextKeyType: iamtypes.ContextKeyTypeEnumString, ContextKeyValues: []string{value}}
	}
	owner := stacktag.Value(g.Project, g.Stack)
	entries := []iamtypes.ContextEntry{key(stacktag.InRequest, owner), key("aws:RequestedRegion", a.region)}
	if own {
		entries = append(entries, key(stacktag.OnResource, owner))
	}
	return entries
}

// simulate simulates a call of the principal.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func (a *account) simulate(ctx context.Context, principal, action, resource string, keys []iamtypes.ContextEntry) (iamtypes.EvaluationResult, error) {
	result, err := a.iam.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &principal, ActionNames: []string{action}, ResourceArns: []string{resource},
		ContextEntries: keys,
	})
	if err != nil {
		return iamtypes.EvaluationResult{}, err
	}
	if len(result.EvaluationResults) != 1 {
		return iamtypes.EvaluationResult{}, errors.New("IAM returned no result")
	}
	return result.EvaluationResults[0], nil
}
