package api

import (
	"fmt"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logs are the log groups. They exist before anything writes to them, so retention and encryption hold from the first
// event, and no function needs the permission to create one.
type logs struct {
	api       *cloudwatch.LogGroup
	migrate   *cloudwatch.LogGroup
	rotate    *cloudwatch.LogGroup // nil without rotation
	cacheUser *cloudwatch.LogGroup
	access    *cloudwatch.LogGroup
}

func newLogs(ctx *pulumi.Context, s site) (logs, error) {
	var l logs
	var err error
	if l.api, err = newLogGroup(ctx, s, "function", nil); err != nil {
		return logs{}, err
	}
	if l.migrate, err = newLogGroup(ctx, s, "migrate", nil); err != nil {
		return logs{}, err
	}
	if l.cacheUser, err = newLogGroup(ctx, s, contract.HandlerCacheUser, nil); err != nil {
		return logs{}, err
	}
	if s.args.RotationDays > 0 {
		if l.rotate, err = newLogGroup(ctx, s, "rotate", nil); err != nil {
			return logs{}, err
		}
	}
	if l.access, err = newLogGroup(ctx, s, "access", nil); err != nil {
		return logs{}, err
	}
	return l, nil
}

// newLogGroup creates a log group, named by Pulumi unless AWS requires a name.
func newLogGroup(ctx *pulumi.Context, s site, part string, name pulumi.StringPtrInput) (*cloudwatch.LogGroup, error) {
	group, err := cloudwatch.NewLogGroup(ctx, s.name+"-"+part+"-log", &cloudwatch.LogGroupArgs{
		Name:            name,
		RetentionInDays: pulumi.Int(s.args.Config.LogRetentionDays),
		KmsKeyId:        s.args.OperationsKeyARN,
		LogGroupClass:   pulumi.String("STANDARD"),
		SkipDestroy:     pulumi.Bool(false),
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: log group of %s: %w", part, err)
	}
	return group, nil
}
