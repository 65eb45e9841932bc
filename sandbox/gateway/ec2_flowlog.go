package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// refuseSecondFlowLog refuses a flow log of a resource and a kind of traffic that has one into the same
// destination. The emulator takes any number.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (FlowLogAlreadyExists)
func refuseSecondFlowLog(create handler) handler {
	return func(x *exchange) error {
		answer, err := x.g.admin.query(x.r.Context(), "ec2", ec2Version, map[string]string{"Action": "DescribeFlowLogs"})
		if err != nil {
			return fmt.Errorf("the flow logs that there are: %w", err)
		}
		for _, id := range formList(x.form, "ResourceId") {
			for _, flows := range answer.child("flowLogSet").items() {
				if flows.value("resourceId") == id && flows.value("trafficType") == x.form.Get("TrafficType") &&
					flows.value("logDestination") == x.form.Get("LogDestination") {
					return x.refuse(http.StatusBadRequest, "FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.")
				}
			}
		}
		return create(x)
	}
}

// showDelivery says of a flow log whether VPC can take the role that it is written with. A role that is gone
// counts as one that cannot be taken.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-troubleshooting.html
func (g *Gateway) showDelivery(ctx context.Context, flows *node) error {
	role := flows.value("deliverLogsPermissionArn")
	if role == "" {
		return nil
	}
	by := g.calling("vpc-flow-logs.amazonaws.com", g.arn("ec2", "vpc-flow-log/"+flows.value("flowLogId")))
	err := g.trusts(ctx, role, by)
	untrusted, missing := new(untrustedError), new(callError)
	if errors.As(err, &untrusted) || errors.As(err, &missing) {
		flows.set("deliverLogsStatus", "FAILED")
		flows.set("deliverLogsErrorMessage", "Access error")
		return nil
	}
	return err
}
