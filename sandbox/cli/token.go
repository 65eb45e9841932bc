package cli

import (
	"context"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// token prints a token that the API of a deployed stack accepts.
func token(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("token")
	stack := flags.String("stack", "dev", "the stack whose issuer and audience the token has")
	scopes := flags.String("scopes", "", "the token's `scopes`, with spaces between them")
	subject := flags.String("subject", "somebody", "the `name` of the caller")
	if err := parse(flags, args); err != nil {
		return err
	}
	claims, err := deploy.CallerClaims(l, *stack)
	if err != nil {
		return err
	}
	claims["sub"], claims["scope"] = *subject, *scopes
	signed, err := daemon.Token(ctx, l, claims)
	if err != nil {
		return err
	}
	fmt.Println(signed)
	return nil
}
