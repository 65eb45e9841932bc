package gateway

import (
	"fmt"
	"strings"
)

func (g *Gateway) ec2Calls() service {
	return service{name: "ec2", actions: withinEC2Quotas(ec2Actions()), bounds: ec2Bounds, quotas: ec2Defaults, resources: g.namedEC2}
}

func ec2Actions() map[string]handler {
	return map[string]handler{
		"CreateFlowLogs":   refuseSecondFlowLog(after(rememberFlowLogs)),
		"DescribeFlowLogs": after(completeFlowLogs),
		"DeleteFlowLogs":   after(forgetFlowLogs),

		"CreateVpcEndpoint":    refuseLocalZones(after(rememberEndpoint)),
		"ModifyVpcEndpoint":    after(changeEndpoint),
		"DescribeVpcEndpoints": after(showEndpoints),
		"DeleteVpcEndpoints":   after(forgetEndpoints),

		"CreateSubnet":              placeSubnet,
		"DescribeAvailabilityZones": after(showZones),

		"AuthorizeSecurityGroupEgress":  after(rememberPrefixList),
		"AuthorizeSecurityGroupIngress": after(rememberPrefixList),
		"DescribeSecurityGroupRules":    after(showRules),
		"RevokeSecurityGroupEgress":     after(ruleRevoked),
		"RevokeSecurityGroupIngress":    after(ruleRevoked),
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
	ids := answer.child("flowLogIdSet").texts()
	for _, id := range ids {
		x.g.fields.set("ec2:flow-log/"+id, members)
	}
	return x.tagFlowLogs(ids)
}

// tagFlowLogs gives new flow logs their tags: the emulator takes tags for a
// "flow-log" only, where AWS and its SDKs say "vpc-flow-log".
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagSpecification.html
func (x *exchange) tagFlowLogs(ids []string) error {
	tags := map[string]string{"Action": "CreateTags"}
	for i := 1; x.form.Has(fmt.Sprintf("TagSpecification.1.Tag.%d.Key", i)); i++ {
		for _, part := range []string{"Key", "Value"} {
			tags[fmt.Sprintf("Tag.%d.%s", i, part)] = x.form.Get(fmt.Sprintf("TagSpecification.1.Tag.%d.%s", i, part))
		}
	}
	if len(tags) == 1 {
		return nil
	}
	for i, id := range ids {
		tags[fmt.Sprintf("ResourceId.%d", i+1)] = id
	}
	_, err := x.g.admin.query(x.r.Context(), "ec2", ec2Version, tags)
	return err
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
		if err := x.g.showDelivery(x.r.Context(), item); err != nil {
			return err
		}
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
