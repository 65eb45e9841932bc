package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestAFlowLogReadsBackWhatWasSet(t *testing.T) {
	s := newStand(t, nil)
	client := ec2.NewFromConfig(s.config())
	for _, test := range []struct {
		name     string
		interval *int32
		want     int32
	}{
		{"its own aggregation interval", aws.Int32(60), 60},
		{"the default interval of AWS", nil, 600},
	} {
		t.Run(test.name, func(t *testing.T) {
			made, err := client.CreateFlowLogs(t.Context(), &ec2.CreateFlowLogsInput{ResourceIds: []string{"vpc-1"}, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: types.TrafficTypeAll,
				LogDestinationType: types.LogDestinationTypeCloudWatchLogs, LogDestination: aws.String("arn:aws:logs:eu-west-1:000000000000:log-group:/vpc/flow:*"),
				DeliverLogsPermissionArn: aws.String("arn:aws:iam::000000000000:role/flow"), MaxAggregationInterval: test.interval})
			if err != nil {
				t.Fatal(err)
			}
			read, err := client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: made.FlowLogIds})
			if err != nil {
				t.Fatal(err)
			}
			got := read.FlowLogs[0]
			if *got.MaxAggregationInterval != test.want || aws.ToString(got.DeliverLogsPermissionArn) != "arn:aws:iam::000000000000:role/flow" ||
				aws.ToString(got.LogGroupName) != "/vpc/flow" || aws.ToString(got.LogFormat) == "" {
				t.Errorf("got %+v", got)
			}
			if _, err := client.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: made.FlowLogIds}); err != nil {
				t.Error(err)
			}
			if left := s.gateway.fields.get("ec2:flow-log/" + made.FlowLogIds[0]); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
