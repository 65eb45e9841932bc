package smoke

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/didomi/serverless-api/client/transport"
	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/didomi/serverless-api/ops/command"
)

// authentication returns the options of an API whose stack has this auth, with the key, if there is one.
func authentication(ctx context.Context, auth string) ([]transport.Option, error) {
	var options []transport.Option
	if key := os.Getenv("API_KEY"); key != "" {
		options = append(options, transport.WithAPIKey(key))
	}
	switch auth {
	case openapi.AuthNone:
		return options, nil
	case openapi.AuthJWT:
		token := os.Getenv("BEARER_TOKEN")
		if token == "" {
			return nil, command.BadUsage("--auth jwt: set BEARER_TOKEN to a token of the stack's issuer")
		}
		return append(options, transport.WithBearerToken(func(context.Context) (string, error) { return token, nil })), nil
	case openapi.AuthIAM:
		settings, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("--auth iam: the AWS configuration of the environment: %w", err)
		}
		if settings.Region == "" {
			return nil, command.BadUsage("--auth iam: set AWS_REGION to the stack's region")
		}
		return append(options, transport.WithSigV4(settings.Credentials, settings.Region)), nil
	default:
		return nil, command.BadUsage("--auth %q: must be none, jwt or iam", auth)
	}
}
