package network

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// aggregationSeconds is how long flows are aggregated before they are written: the shorter of AWS's two
// intervals, so that the log is of use during an incident. It is set because the other one is the default.
const aggregationSeconds = 60

// flowLogs records the VPC's connections, accepted and rejected.
func (n *Network) flowLogs(ctx *pulumi.Context, name string, vpcID pulumi.StringOutput, args Args, own ownResources) error {
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-flows", &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(args.Config.FlowLogDays),
		KmsKeyId:        args.LogsKeyARN,
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("register the flow logs' group: %w", err)
	}
	role, permissions, err := n.flowLogRole(ctx, name, logs, args, own)
	if err != nil {
		return err
	}
	// A VPC has one flow log into a log group (FlowLogAlreadyExists); any change replaces it.
	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
	_, err = ec2.NewFlowLog(ctx, name+"-flows", &ec2.FlowLogArgs{
		VpcId:                  vpcID,
		TrafficType:            pulumi.String("ALL"),
		LogDestinationType:     pulumi.String("cloud-watch-logs"),
		LogDestination:         logs.Arn,
		IamRoleArn:             role.Arn,
		MaxAggregationInterval: pulumi.Int(aggregationSeconds),
		Tags:                   nameTag(name + "-flows"),
	}, pulumi.Parent(n), pulumi.DependsOn([]pulumi.Resource{permissions}), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return fmt.Errorf("register the flow log: %w", err)
	}
	return nil
}

// flowLogRole registers the role that writes the flow logs into their group, and its policy.
func (n *Network) flowLogRole(ctx *pulumi.Context, name string, logs *cloudwatch.LogGroup, args Args, own ownResources) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, name+"-flows", &iam.RoleArgs{
		// The flow log's id is not known before it has its role.
		// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
		AssumeRolePolicy:    policy.TrustFrom("vpc-flow-logs.amazonaws.com", own.Account, own.ARN("ec2", "vpc-flow-log/*")),
		Description:         pulumi.String("Writes the VPC's flow logs"),
		PermissionsBoundary: args.PermissionsBoundary,
	}, pulumi.Parent(n))
	if err != nil {
		return nil, nil, fmt.Errorf("register the flow logs' role: %w", err)
	}
	permissions, err := iam.NewRolePolicy(ctx, name+"-flows", &iam.RolePolicyArgs{
		Role: role.ID(),
		Policy: policy.Document(
			policy.Statement{
				Sid:       "Write",
				Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
				Resources: []pulumi.StringInput{logs.Arn, pulumi.Sprintf("%s:*", logs.Arn)},
			},
			// Flow logs look their group up in the list of all, which no narrower resource allows.
			// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
			policy.Statement{
				Sid: "FindGroup", Actions: []string{"logs:DescribeLogGroups"}, Resources: policy.Anywhere,
			},
		),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, nil, fmt.Errorf("register the flow logs' policy: %w", err)
	}
	return role, permissions, nil
}
