package ec2

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// rejectDuplicateFlowLog rejects a second flow log with the same resource, traffic type and destination. The emulator
// accepts it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (FlowLogAlreadyExists)
func rejectDuplicateFlowLog(create call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		response, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, map[string]string{"Action": "DescribeFlowLogs"})
		if err != nil {
			return fmt.Errorf("list the flow logs: %w", err)
		}
		for _, id := range call.FormList(x.Form, "ResourceId") {
			for _, flows := range response.Child("flowLogSet").Items() {
				if flows.Value("resourceId") == id && flows.Value("trafficType") == x.Form.Get("TrafficType") &&
					flows.Value("logDestination") == x.Form.Get("LogDestination") {
					return x.Reject(http.StatusBadRequest, "FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.")
				}
			}
		}
		return create(x)
	}
}

// setDeliveryStatus sets a flow log's delivery status to FAILED if VPC cannot assume its role or the role does not
// exist.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-troubleshooting.html
func (s *service) setDeliveryStatus(ctx context.Context, flows *xmltree.Node) error {
	role := flows.Value("deliverLogsPermissionArn")
	if role == "" {
		return nil
	}
	by := s.ServiceCaller("vpc-flow-logs.amazonaws.com", s.ARN("ec2", "vpc-flow-log/"+flows.Value("flowLogId")))
	err := s.Emulator.Trusts(ctx, role, by)
	untrusted, missing := new(emulator.UntrustedError), new(emulator.Error)
	if errors.As(err, &untrusted) || errors.As(err, &missing) {
		flows.Set("deliverLogsStatus", "FAILED")
		flows.Set("deliverLogsErrorMessage", "Access error")
		return nil
	}
	return err
}
