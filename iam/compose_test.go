package iam

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/policy"
)

// component is a component that has a queue, a role, a log group and a lookup of its own.
func component(s policy.Scope) policy.Permissions {
	queues := s.Named("data", "sqs", "")
	return policy.Permissions{
		Deploy: policy.Managed{
			Data:    []policy.Statement{{Sid: "Queue", Actions: []string{"sqs:CreateQueue"}, Resources: queues}},
			Secrets: []policy.Statement{{Sid: "QueueSecret", Actions: []string{"secretsmanager:CreateSecret"}, Resources: queues}},
		},
		Lists:        []string{"sqs:ListQueues"},
		Describes:    []string{"sqs:GetQueueAttributes"},
		Described:    queues,
		Reads:        []policy.Statement{{Sid: "Tags", Actions: []string{"sqs:ListQueueTags"}, Resources: queues}},
		PreviewLists: []string{"sqs:ListQueues", "ec2:DescribeSubnets"},
		Previews: []policy.Statement{
			{Sid: "Queue", Actions: []string{"sqs:GetQueueUrl"}, Resources: queues},
			{Sid: "Zone", Actions: []string{"route53:GetHostedZone"}, Resources: queues},
		},
		LogGroups:     s.Named("data", "logs", "log-group:"),
		Roles:         s.Roles("data"),
		ServiceRoles:  []string{"queues.amazonaws.com"},
		Workload:      []policy.Statement{{Sid: "Messages", Actions: []string{"sqs:SendMessage"}, Resources: queues}},
		WorkloadLists: []string{"xray:PutTraceSegments"},
	}
}

// TestAComponentsPermissionsAreInThePolicies has a component whose service no other one uses: its permissions
// are in the policies, and the boundaries allow them, without a line of this package about that service.
func TestAComponentsPermissionsAreInThePolicies(t *testing.T) {
	r := build(t, Default())
	queues, roles := []string{own("sqs", "didomi-test-data-*")}, []string{own("iam", "role/didomi-test-data-*")}
	for _, tt := range []struct {
		policy, sid, action string
		resources           []string
	}{
		{"deploy-data", "Queue", "sqs:CreateQueue", queues},
		{"deploy-reading", "Lists", "sqs:ListQueues", []string{"*"}},
		{"deploy-reading", "Named", "sqs:GetQueueAttributes", queues},
		{"deploy-reading", "Tags", "sqs:ListQueueTags", queues},
		{"deploy-operations", "Logs", "logs:CreateLogGroup", []string{own("logs", "log-group:didomi-test-data-*")}},
		{"deploy-roles", "Change", "iam:CreateRole", roles},
		{"preview-reading", "Lists", "sqs:ListQueues", []string{"*"}},
		{"preview-reading", "Queue", "sqs:GetQueueUrl", queues},
		{"pipeline", "Services", "sqs:*", []string{"*"}},
		{"pipeline", "ComponentRoles", "iam:CreateRole", roles},
		{"looking", "PreviewReads", "sqs:ListQueues", []string{"*"}},
		{"looking", "Queue", "sqs:GetQueueUrl", queues},
		{"workload", "Messages", "sqs:SendMessage", queues},
		{"workload", "Lists", "xray:PutTraceSegments", []string{"*"}},
	} {
		t.Run(tt.policy+" "+tt.sid, func(t *testing.T) {
			s := mocks.FindStatement(t, mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", componentName+"-"+tt.policy).Inputs["policy"]), tt.sid)
			if !slices.Contains(s.Action, tt.action) || !reflect.DeepEqual(s.Resource, tt.resources) {
				t.Errorf("%v", s)
			}
		})
	}
	service := mocks.FindStatement(t, mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", componentName+"-deploy-roles").Inputs["policy"]), "ServiceRoles")
	if got := service.Condition["StringEquals"]["iam:AWSServiceName"]; !reflect.DeepEqual(got, []any{"queues.amazonaws.com"}) {
		t.Errorf("the roles of %v can be created", got)
	}
}

// TestTheBoundaryAllowsNoChangeOfIdentities has a component that lists calls of administrators.
func TestTheBoundaryAllowsNoChangeOfIdentities(t *testing.T) {
	got := services([]managedPolicy{{"data", []policy.Statement{{Actions: []string{"iam:CreateUser", "sts:AssumeRole", "sqs:SendMessage", "servicequotas:GetServiceQuota"}}}}})
	if want := slices.Sorted(slices.Values(append([]string{"sqs:*"}, ownServices...))); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, action := range got {
		if strings.HasPrefix(action, "iam:") && !strings.HasPrefix(action, "iam:Get") && !strings.HasPrefix(action, "iam:List") && action != "iam:SimulatePrincipalPolicy" {
			t.Errorf("it allows %s", action)
		}
	}
}
