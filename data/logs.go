package data

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logGroup registers a group before the service that writes to it: otherwise the service creates one without
// retention and without the stack's key.
func (d *Data) logGroup(ctx *pulumi.Context, name string, args Args, physical pulumi.StringPtrInput) (*cloudwatch.LogGroup, error) {
	group, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name:            physical,
		RetentionInDays: pulumi.Int(args.Config.LogDays),
		KmsKeyId:        args.OperationsKeyARN,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the log group %s: %w", name, err)
	}
	return group, nil
}

// unique ends a physical name in the first digits of the data key's id: known before the resource, as the
// name of its log group has to be, and different from that of any earlier stack of the same name.
func unique(name string, args Args) pulumi.StringOutput {
	return args.DataKeyARN.ApplyT(func(arn string) string {
		id := arn[strings.LastIndex(arn, "/")+1:]
		return name + "-" + id[:min(8, len(id))]
	}).(pulumi.StringOutput)
}
