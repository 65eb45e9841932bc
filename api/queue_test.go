package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/api/internal/component/componenttest"
	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/wildcard"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// queueActions are what Lambda does with a queue in the name of the function's role.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
var queueActions = []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}

func TestEveryWorkerMayReceiveItsMessages(t *testing.T) {
	scope := policy.Scope{Location: account.Location{Partition: "aws", Region: mocks.Region, Account: mocks.Account}, Project: mocks.Project, Stack: mocks.Stack}
	for _, problem := range workerProblems(t, build(t, full(t)), Permissions(Config{})(scope).Workload) {
		t.Error(problem)
	}
}

func TestAWorkerWithoutPermissionsForItsQueueIsReported(t *testing.T) {
	const queue = "arn:aws:sqs:eu-west-1:123456789012:jobs"
	grant := func(actions ...string) []policy.Statement {
		return []policy.Statement{{Actions: actions, Resources: []pulumi.StringInput{pulumi.String(queue)}}}
	}
	for name, c := range map[string]struct {
		role, boundary []policy.Statement
		want           []string
	}{
		"a role and a boundary with all three": {grant(queueActions...), grant(queueActions...), nil},
		"a role that cannot delete messages": {grant("sqs:GetQueueAttributes", "sqs:ReceiveMessage"), grant(queueActions...),
			[]string{"worker's role lacks sqs:DeleteMessage"}},
		"a boundary without the queue": {grant(queueActions...), nil,
			[]string{"the boundary lacks sqs:DeleteMessage", "the boundary lacks sqs:GetQueueAttributes", "the boundary lacks sqs:ReceiveMessage"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := mocks.Mocks{Outputs: componenttest.Outputs}.Run(t, func(ctx *pulumi.Context) error { return worker(ctx, queue, c.role) })
			got := workerProblems(t, r, c.boundary)
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], c.want[i]) {
					t.Errorf("got %q, want %q", got[i], c.want[i])
				}
			}
		})
	}
}

// worker creates a function that a queue invokes.
func worker(ctx *pulumi.Context, queue string, permissions []policy.Statement) error {
	role, err := iam.NewRole(ctx, "worker-role", &iam.RoleArgs{AssumeRolePolicy: policy.Trust("lambda.amazonaws.com")})
	if err != nil {
		return err
	}
	if _, err := iam.NewRolePolicy(ctx, "worker-rights", &iam.RolePolicyArgs{Role: role.ID(), Policy: policy.Document(permissions...)}); err != nil {
		return err
	}
	function, err := lambda.NewFunction(ctx, "worker", &lambda.FunctionArgs{Role: role.Arn})
	if err != nil {
		return err
	}
	_, err = lambda.NewEventSourceMapping(ctx, "worker-queue", &lambda.EventSourceMappingArgs{FunctionName: function.Arn, EventSourceArn: pulumi.String(queue)})
	return err
}

// workerProblems are the actions on a queue that a function's role, or the workload boundary, does not allow.
func workerProblems(t *testing.T, r *mocks.Recorder, boundary []policy.Statement) (problems []string) {
	t.Helper()
	for _, mapping := range r.OfType("aws:lambda/eventSourceMapping:EventSourceMapping") {
		queue, _ := mapping.Inputs["eventSourceArn"].(string)
		if !strings.Contains(queue, ":sqs:") {
			continue
		}
		name, _ := mapping.Inputs["functionName"].(string)
		name = name[strings.LastIndex(name, ":")+1:]
		granted := mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", name+"-rights").Inputs["policy"])
		for _, action := range queueActions {
			if !slices.ContainsFunc(granted, func(s mocks.Statement) bool {
				return s.Effect == "Allow" && slices.Contains(s.Action, action) && slices.Contains(s.Resource, queue)
			}) {
				problems = append(problems, fmt.Sprintf("%s's role lacks %s on %s, so Lambda cannot poll the queue: add it to the permissions in the function's spec", name, action, queue))
			}
			if !slices.ContainsFunc(boundary, func(s policy.Statement) bool {
				return slices.Contains(s.Actions, action) && reaches(s.Resources, queue)
			}) {
				problems = append(problems, fmt.Sprintf("the boundary lacks %s on %s, so the role of %s has it in vain: add it to Workload in the declaration's permissions", action, queue, name))
			}
		}
	}
	return problems
}

// reaches is whether one of the resources, ARNs with wildcards, is the ARN.
func reaches(resources []pulumi.StringInput, arn string) bool {
	return slices.ContainsFunc(resources, func(r pulumi.StringInput) bool {
		pattern, _ := r.(pulumi.String)
		return wildcard.Match(string(pattern), arn)
	})
}
