// Package ec2 corrects the emulator's EC2 API.
package ec2

import (
	"fmt"
	"strings"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// service corrects EC2.
type service struct {
	*call.Account
	subnets sync.Mutex // serializes the creation of subnets
}

// New returns the corrected calls of EC2.
func New(a *call.Account) call.Service {
	s := &service{Account: a}
	return call.Service{Name: "ec2", Actions: withinQuotas(s.actions()), Bounds: bounds, Quotas: defaultQuotas, Resources: s.resources}
}

func (s *service) actions() map[string]call.Handler {
	return map[string]call.Handler{
		"CreateFlowLogs":   rejectDuplicateFlowLog(call.After(flowLogsCreated)),
		"DescribeFlowLogs": call.After(s.describeFlowLogs),
		"DeleteFlowLogs":   call.After(flowLogsDeleted),

		"CreateVpcEndpoint":    rejectLocalZones(call.After(s.endpointCreated)),
		"ModifyVpcEndpoint":    call.After(endpointModified),
		"DescribeVpcEndpoints": call.After(s.describeEndpoints),
		"DeleteVpcEndpoints":   call.After(endpointsDeleted),

		"CreateSubnet":              s.createSubnet,
		"DescribeAvailabilityZones": call.After(describeZones),

		"AuthorizeSecurityGroupEgress":  call.After(ruleAuthorized),
		"AuthorizeSecurityGroupIngress": call.After(ruleAuthorized),
		"DescribeSecurityGroupRules":    call.After(fillRules),
		"RevokeSecurityGroupEgress":     call.After(ruleRevoked),
		"RevokeSecurityGroupIngress":    call.After(ruleRevoked),
	}
}

// flowLogDefaults are AWS's defaults for CreateFlowLogs.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
var flowLogDefaults = map[string]string{
	"maxAggregationInterval": "600",
	"logFormat": "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} " +
		"${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}",
	"deliverLogsStatus": "SUCCESS",
}

// flowLogsCreated stores the members of new flow logs that the emulator drops.
func flowLogsCreated(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
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
		if value := x.Form.Get(parameter); value != "" {
			members[member] = value
		}
	}
	if _, group, ok := strings.Cut(x.Form.Get("LogDestination"), ":log-group:"); ok {
		members["logGroupName"] = strings.TrimSuffix(group, ":*")
	}
	ids := response.Child("flowLogIdSet").Texts()
	for _, id := range ids {
		x.Fields.Set("ec2:flow-log/"+id, members)
	}
	return tagFlowLogs(x, ids)
}

// tagFlowLogs tags new flow logs: the emulator reads tags of the resource type
// "flow-log" only, which is "vpc-flow-log" in AWS's API.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagSpecification.html
func tagFlowLogs(x *call.Exchange, ids []string) error {
	tags := map[string]string{"Action": "CreateTags"}
	for i := 1; x.Form.Has(fmt.Sprintf("TagSpecification.1.Tag.%d.Key", i)); i++ {
		for _, member := range []string{"Key", "Value"} {
			tags[fmt.Sprintf("Tag.%d.%s", i, member)] = x.Form.Get(fmt.Sprintf("TagSpecification.1.Tag.%d.%s", i, member))
		}
	}
	if len(tags) == 1 {
		return nil
	}
	for i, id := range ids {
		tags[fmt.Sprintf("ResourceId.%d", i+1)] = id
	}
	_, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, tags)
	return err
}

// describeFlowLogs adds the members that the emulator does not return: the
// aggregation interval (which the provider reads as 0, and replaces the flow
// log), the delivery role, the format and the log group.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
func (s *service) describeFlowLogs(x *call.Exchange) error {
	return x.EditXML(func(response *xmltree.Node) error {
		for _, item := range response.Child("flowLogSet").Items() {
			x.Fields.Fill("ec2:flow-log/"+item.Value("flowLogId"), item)
			if err := s.setDeliveryStatus(x.Request.Context(), item); err != nil {
				return err
			}
		}
		return nil
	})
}

func flowLogsDeleted(x *call.Exchange) error {
	for _, id := range call.FormList(x.Form, "FlowLogId") {
		x.Fields.Delete("ec2:flow-log/" + id)
	}
	return nil
}
