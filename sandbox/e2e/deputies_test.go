package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
)

// checkDeputies has services take the stack's roles, and a role not for what it is not for. That functions
// and proxies take theirs is shown by every request.
func checkDeputies(t *testing.T, out outputs) {
	t.Helper()
	ctx, admin := context.Background(), awsConfig(out)
	t.Run("flow logs are written", func(t *testing.T) {
		vpc := stackOutputs(t, out)["vpcId"].(string)
		found, err := ec2.NewFromConfig(admin).DescribeFlowLogs(ctx, &ec2.DescribeFlowLogsInput{
			Filter: []ec2types.Filter{{Name: aws.String("resource-id"), Values: []string{vpc}}},
		})
		if err != nil || len(found.FlowLogs) == 0 {
			t.Fatalf("flow logs of %s: %+v, %v", vpc, found, err)
		}
		for _, flows := range found.FlowLogs {
			if aws.ToString(flows.ResourceId) == vpc && aws.ToString(flows.DeliverLogsStatus) != "SUCCESS" {
				t.Errorf("%s: %s", aws.ToString(flows.DeliverLogsStatus), aws.ToString(flows.DeliverLogsErrorMessage))
			}
		}
	})
	t.Run("no other function runs as the one that changes the cache's password", func(t *testing.T) {
		role, other := stackRoles(t, out)["api-cache-user-role"], stackFunction(t, out, "migrate")
		try := runAs(*other.FunctionName, role)
		var failure smithy.APIError
		if err := try(ctx, admin); !errors.As(err, &failure) || !strings.Contains(failure.ErrorMessage(), "cannot be assumed by Lambda") {
			t.Errorf("got %v", err)
		}
		undo := trustPolicy(t, iam.NewFromConfig(admin), last(role), lambdaTrust)
		err := try(ctx, admin)
		undo()
		if err != nil {
			t.Errorf("fails although the role trusts Lambda for every function, so its refusal proves nothing: %v", err)
		}
		if err := runAs(*other.FunctionName, *other.Role)(ctx, admin); err != nil {
			t.Errorf("undo: %v", err)
		}
	})
}
