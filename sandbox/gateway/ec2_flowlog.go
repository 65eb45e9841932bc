package gateway

import (
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
