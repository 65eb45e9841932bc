package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// A changed flow log is replaced. AWS rejects the new one while the old one exists.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (FlowLogAlreadyExists)
func TestAVPCHasOneFlowLogPerLogGroup(t *testing.T) {
	s := newTestEnv(t, nil)
	client := ec2.NewFromConfig(s.config())
	create := func(vpc, group string) ([]string, error) {
		created, err := client.CreateFlowLogs(t.Context(), &ec2.CreateFlowLogsInput{
			ResourceIds: []string{vpc}, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: types.TrafficTypeAll,
			LogDestination: aws.String("arn:aws:logs:eu-west-1:000000000000:log-group:" + group), DeliverLogsPermissionArn: aws.String("arn:aws:iam::000000000000:role/flow"),
		})
		if err != nil {
			return nil, err
		}
		return created.FlowLogIds, nil
	}
	first, err := create("vpc-logged", "/one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := create("vpc-logged", "/one"); errorCode(err) != "FlowLogAlreadyExists" {
		t.Errorf("a second flow log: %v", err)
	}
	for vpc, group := range map[string]string{"vpc-logged": "/two", "vpc-other": "/one"} {
		if _, err := create(vpc, group); err != nil {
			t.Errorf("a flow log of %s to %s: %v", vpc, group, err)
		}
	}
	if _, err := client.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: first}); err != nil {
		t.Fatal(err)
	}
	if _, err := create("vpc-logged", "/one"); err != nil {
		t.Errorf("a flow log after the first is deleted: %v", err)
	}
}
