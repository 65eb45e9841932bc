package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	ec2gw "github.com/didomi/serverless-api/sandbox/gateway/ec2"
)

func TestAFlowLogHasItsSettings(t *testing.T) {
	s := newTestEnv(t, nil)
	client := ec2.NewFromConfig(s.config())
	for _, test := range []struct {
		name     string
		interval *int32
		want     int32
	}{
		{"a requested aggregation interval", aws.Int32(60), 60},
		{"AWS's default aggregation interval", nil, 600},
	} {
		t.Run(test.name, func(t *testing.T) {
			created, err := client.CreateFlowLogs(t.Context(), &ec2.CreateFlowLogsInput{ResourceIds: []string{"vpc-1"}, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: types.TrafficTypeAll,
				LogDestinationType: types.LogDestinationTypeCloudWatchLogs, LogDestination: aws.String("arn:aws:logs:eu-west-1:000000000000:log-group:/vpc/flow:*"),
				DeliverLogsPermissionArn: aws.String("arn:aws:iam::000000000000:role/flow"), MaxAggregationInterval: test.interval,
				TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVpcFlowLog, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("flows")}}}}})
			if err != nil {
				t.Fatal(err)
			}
			read, err := client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: created.FlowLogIds})
			if err != nil {
				t.Fatal(err)
			}
			got := read.FlowLogs[0]
			if *got.MaxAggregationInterval != test.want || aws.ToString(got.DeliverLogsPermissionArn) != "arn:aws:iam::000000000000:role/flow" ||
				aws.ToString(got.LogGroupName) != "/vpc/flow" || aws.ToString(got.LogFormat) == "" ||
				len(got.Tags) != 1 || *got.Tags[0].Value != "flows" {
				t.Errorf("got %+v", got)
			}
			if _, err := client.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: created.FlowLogIds}); err != nil {
				t.Error(err)
			}
			if left := s.gateway.account.Fields.Get("ec2:flow-log/" + created.FlowLogIds[0]); left != nil {
				t.Errorf("stored members after the deletion: %v", left)
			}
		})
	}
}

func TestAnInterfaceEndpointHasItsSettings(t *testing.T) {
	s := newTestEnv(t, nil)
	client := ec2.NewFromConfig(s.config())
	created, err := client.CreateVpcEndpoint(t.Context(), &ec2.CreateVpcEndpointInput{VpcId: aws.String("vpc-1"), ServiceName: aws.String("com.amazonaws.eu-west-1.kms"),
		VpcEndpointType: types.VpcEndpointTypeInterface, PrivateDnsEnabled: aws.Bool(true), SecurityGroupIds: []string{"sg-1"}, SubnetIds: []string{"subnet-1"}, PolicyDocument: aws.String("{}")})
	if err != nil {
		t.Fatal(err)
	}
	id := created.VpcEndpoint.VpcEndpointId
	read := func() types.VpcEndpoint {
		t.Helper()
		response, err := client.DescribeVpcEndpoints(t.Context(), &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{*id}})
		if err != nil {
			t.Fatal(err)
		}
		return response.VpcEndpoints[0]
	}
	for _, got := range []types.VpcEndpoint{*created.VpcEndpoint, read()} {
		if !aws.ToBool(got.PrivateDnsEnabled) || len(got.Groups) != 1 || *got.Groups[0].GroupId != "sg-1" || aws.ToString(got.PolicyDocument) != "{}" || got.IpAddressType != types.IpAddressTypeIpv4 {
			t.Errorf("got %+v", got)
		}
	}
	_, err = client.ModifyVpcEndpoint(t.Context(), &ec2.ModifyVpcEndpointInput{VpcEndpointId: id, PrivateDnsEnabled: aws.Bool(false), AddSecurityGroupIds: []string{"sg-2"}, RemoveSecurityGroupIds: []string{"sg-1"}})
	if got := read(); err != nil || aws.ToBool(got.PrivateDnsEnabled) || len(got.Groups) != 1 || *got.Groups[0].GroupId != "sg-2" {
		t.Errorf("after the change: %+v, %v", got, err)
	}
	_, err = client.DeleteVpcEndpoints(t.Context(), &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{*id}})
	if left := s.gateway.account.Fields.Get(ec2gw.EndpointKey(*id)); err != nil || left != nil {
		t.Errorf("stored members after the deletion: %v, %v", left, err)
	}
}
