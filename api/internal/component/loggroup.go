package component

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewLogGroup creates a log group, named by Pulumi unless AWS requires a name. It exists before anything writes to it,
// so retention and encryption hold from the first event, and no function needs the permission to create one.
func (b Builder) NewLogGroup(ctx *pulumi.Context, suffix string, name pulumi.StringPtrInput) (*cloudwatch.LogGroup, error) {
	group, err := cloudwatch.NewLogGroup(ctx, b.Name+"-"+suffix+"-log", &cloudwatch.LogGroupArgs{
		Name:            name,
		RetentionInDays: pulumi.Int(b.LogRetentionDays),
		KmsKeyId:        b.KeyARN,
		LogGroupClass:   pulumi.String("STANDARD"),
		SkipDestroy:     pulumi.Bool(false),
	}, b.Parent)
	if err != nil {
		return nil, fmt.Errorf("api: log group of %s: %w", suffix, err)
	}
	return group, nil
}
