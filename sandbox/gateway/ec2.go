package gateway

import (
	"strings"
)

func (g *Gateway) ec2Calls() map[string]handler {
	return map[string]handler{
		"CreateFlowLogs":   after(rememberFlowLogs),
		"DescribeFlowLogs": after(completeFlowLogs),
		"DeleteFlowLogs":   after(forgetFlowLogs),
	}
}

// flowLogDefaults are what AWS sets when CreateFlowLogs does not say.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
var flowLogDefaults = map[string]string{
	"maxAggregationInterval": "600",
	"logFormat": "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} " +
		"${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}",
	"deliverLogsStatus": "SUCCESS",
}

// rememberFlowLogs keeps what the emulator drops of CreateFlowLogs.
func rememberFlowLogs(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	members := map[string]any{}
	for name, value := range flowLogDefaults {
		members[name] = value
	}
	for member, parameter := range map[string]string{
		"maxAggregationInterval":   "MaxAggregationInterval",
		"logFormat":                "LogFormat",
		"deliverLogsPermissionArn": "DeliverLogsPermissionArn",
		"deliverCrossAccountRole":  "DeliverCrossAccountRole",
		"logGroupName":             "LogGroupName",
	} {
		if value := x.form.Get(parameter); value != "" {
			members[member] = value
		}
	}
	if _, group, ok := strings.Cut(x.form.Get("LogDestination"), ":log-group:"); ok {
		members["logGroupName"] = strings.TrimSuffix(group, ":*")
	}
	for _, id := range answer.child("flowLogIdSet").texts() {
		x.g.fields.set("ec2:flow-log/"+id, members)
	}
	return nil
}

// completeFlowLogs puts into DescribeFlowLogs what AWS answers and the
// emulator does not: the aggregation interval (read back as 0, which replaces
// the flow log), the delivery role, the format, the log group.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
func completeFlowLogs(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	set := answer.child("flowLogSet")
	if set == nil {
		return nil
	}
	for _, item := range set.children {
		x.g.fields.fill("ec2:flow-log/"+item.value("flowLogId"), item)
	}
	x.answer = answer.bytes()
	return nil
}

func forgetFlowLogs(x *exchange) error {
	for _, id := range formList(x.form, "FlowLogId") {
		x.g.fields.forget("ec2:flow-log/" + id)
	}
	return nil
}
