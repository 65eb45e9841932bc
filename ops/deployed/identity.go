package deployed

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// identify checks once that AWS accepts the credentials, and that they are of the stack's account. GetCallerIdentity
// requires no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func identify(ctx context.Context, c aws.Config, g *graph.Graph) error {
	const signIn = "set AWS_PROFILE to a profile of the stack's account, or sign in again"
	if _, err := c.Credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return command.BadUsage("there are no AWS credentials: %s: %w", signIn, err)
	}
	who, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if rejected := smithy.APIError(nil); errors.As(err, &rejected) {
		return command.BadUsage("AWS rejects the credentials of the environment: %s: %s: %s", signIn, rejected.ErrorCode(), rejected.ErrorMessage())
	}
	if err != nil {
		return fmt.Errorf("identify the credentials of the environment: %w", err)
	}
	if id, has := accountOf(g), aws.ToString(who.Account); id != "" && id != has {
		return command.BadUsage("the stack %s is in the account %s, and the credentials are of %s (%s): %s", g.Stack, id, has, aws.ToString(who.Arn), signIn)
	}
	return nil
}

// accountOf is the id of the stack's account, by the ARN of a role; "" in a stack without roles.
func accountOf(g *graph.Graph) string {
	for _, role := range g.ByType(types.Role) {
		if a, err := arn.Parse(role.Text("arn")); err == nil {
			return a.AccountID
		}
	}
	return ""
}
